"""What stands in a layout: tables, views, plots, forms and buttons."""
