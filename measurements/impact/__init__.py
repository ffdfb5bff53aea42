"""From joules to what they mean: the calculator, claims, carbon intensities."""
