"""The exercises of each lesson: module `lNN_slug` lists those of lesson `NN_slug`."""
