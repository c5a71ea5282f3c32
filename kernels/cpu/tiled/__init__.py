"""The parts of conv_tiled: plans say where things lie, the files *sums.py and samples.py run through them."""
