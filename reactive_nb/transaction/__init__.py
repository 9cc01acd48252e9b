"""Transactions as values, and the one place that turns them into commits."""
