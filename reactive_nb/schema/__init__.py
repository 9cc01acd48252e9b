"""Declarations of tables, fields and indexes, and how one declaration becomes another."""
