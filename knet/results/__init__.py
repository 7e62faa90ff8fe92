"""What a run leaves on disk: panoptic maps and tracks, with the record of what is complete."""
