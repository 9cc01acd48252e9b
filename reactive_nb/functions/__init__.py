"""Queries and mutations: how they are declared, what each is handed, and how a mutation runs until it commits."""
