"""Simulated annotators: extreme points, error components, scribbles (section 4 of the paper)."""
