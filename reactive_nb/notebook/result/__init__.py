"""How a value looks on a page: cells, rows, their changes, sorting and filtering."""
