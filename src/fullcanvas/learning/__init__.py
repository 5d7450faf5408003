"""Networks, losses, training and export (section 3 of the paper); needs the `train` extra."""
