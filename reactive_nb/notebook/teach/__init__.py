"""Views that explain: why a result ran, what transactions did, how tables reach what is shown."""
