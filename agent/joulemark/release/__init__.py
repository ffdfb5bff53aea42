"""What a release of the data is: its folder, its tables and its manifest, shared by its writer and its readers."""
