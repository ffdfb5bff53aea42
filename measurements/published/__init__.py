"""What others have published: their series and figures, and the imports that bring them."""
