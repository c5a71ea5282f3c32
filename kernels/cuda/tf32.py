"""Whether float32 products may be rounded to TF32's ten bits of fraction on tensor cores. Off unless asked for.

`scratchnet.backends` sets them: `matmul` is torch's backends.cuda.matmul.allow_tf32, `convolution` its
backends.cudnn.allow_tf32, which torch has on.
"""

matmul = False
convolution = False
