"""What the API can ask for, one file for each noun. Every function takes the open `Resources` first."""
