"""What people see: numbers with units, titles, places, plots and template filters. It knows no table."""
