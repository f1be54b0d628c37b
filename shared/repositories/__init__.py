"""The collections of MongoDB, one file each, with the indexes that its queries need."""
