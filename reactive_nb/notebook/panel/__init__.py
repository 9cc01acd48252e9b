"""The JupyterLab panel's kernel side: what it lists, what it asks, and the comm that carries it."""
