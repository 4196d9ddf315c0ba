"""What makes a build, stage by stage."""
