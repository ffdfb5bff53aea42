"""Downloads over REST."""
