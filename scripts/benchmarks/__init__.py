"""What `scripts/bench` measures. Nothing here is part of the product."""
