"""Load shapes, the open-loop generator, measured runs and the demonstration: the floor above everything else."""
