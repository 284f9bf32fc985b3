"""What the product does beyond editing."""
