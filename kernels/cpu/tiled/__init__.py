"""The parts of conv_tiled: plans say where things lie, sums.py and weight_sums.py run through them."""
