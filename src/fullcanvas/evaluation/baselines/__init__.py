"""What people would use without a trained network, behind the same interface."""
