"""What the lab page takes a network apart with."""
