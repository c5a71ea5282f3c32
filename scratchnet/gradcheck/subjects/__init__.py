"""What is checked, as arrays in and arrays out, whatever it was written with."""
