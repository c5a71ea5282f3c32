"""scratchnet.kernels: arrays in, arrays out; and the contract that every backend meets (cpu now, the same stems in others).

Import it as `scratchnet.kernels`. `scratchnet.device.kernels_for(array)` gives the backend package for an array; its modules are
imported at first use. In what follows N, C, H, W are samples, channels, height, width; K channels out; KH, KW the kernel; OH, OW
the output; L = OH * OW; S any number of further dimensions.

Rules
- A kernel checks nothing: sizes, types and ranges are the caller's business. It writes to `out`, `workspace` and, in optim, to
  the parameter and its state, and to nothing else. It returns `out`, or where that is None a new array from `buffers.empty`.
- Arguments may have any strides and any dimension may be 0. Arrays come out C-contiguous unless `out` has other strides.
- float32 and float64 are computed in themselves. float16 is computed in float32 and rounded once, at the end. Side results
  (means, logsumexp) of float16 stay float32.
- Sums are cut by shape alone and added in a fixed order: the same bits on any number of threads. float32 sums that BLAS
  doesn't make are accumulated in float64.
- Ties and NaN: the first maximum wins, of several NaN the last; relu keeps NaN and its gradient at 0 is 0. What max pooling pads
  with is minus infinity; it is never a maximum, an empty window has index -1.
- Geometry (`kernel_size`, `stride`, `padding`, `dilation`, `out_size`, `image`) is always a pair (height, width).

conv_<name>        one file an algorithm; x (N, C, H, W), w (K, C / groups, KH, KW), bias (K,)
  supports(x_shape, w_shape, dtype, stride, padding, dilation, groups) -> bool
  forward(x, w, bias, *, stride, padding, dilation, groups, epilogue="none", out=None, workspace=None) -> (N, K, OH, OW)
  grad_input(gy, w, x_shape, *, stride, padding, dilation, groups, out=None, workspace=None) -> x_shape
  grad_weight(gy, x, w_shape, *, stride, padding, dilation, groups, out=None, workspace=None) -> w_shape
  OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1. epilogue: "none", "bias" (adds bias to each channel) or "bias_relu".
  workspace: scratch memory to use instead of fresh memory, a C-contiguous 1-d array of the dtype computed in, of at least
  `workspace_size(x_shape, w_shape, stride, padding, dilation, groups)` elements; an algorithm without that function needs none.
conv               algorithms() -> names, found by their files; algorithm(name) -> module; choose(<as supports>) -> name
columns            im2col(x, kernel_size, *, stride, padding, dilation, out=None) -> (N, C KH KW, L)
                   col2im(columns, image, kernel_size, *, stride, padding, dilation, out=None) -> (N, C, H, W), the adjoint
pool               max_pool2d(x, kernel_size, *, stride, padding, dilation, out_size, out=None, indices=None) -> y, indices
                     indices: int64, the flat position in the H * W plane
                   scatter_planes(gy, indices, plane, out=None) -> (N, C, H, W): sums gy at the indices, the adjoint of gather
                   gather_planes(x, indices, out=None) -> indices' shape; an index outside the plane reads 0 and writes nothing
                   avg_pool2d(x, kernel_size, *, stride, padding, out_size, count_include_pad, divisor_override, out=None)
                   avg_pool2d_grad(gy, image, kernel_size, *, stride, padding, count_include_pad, divisor_override, out=None)
                   adaptive_avg_pool2d(x, out_size, out=None), adaptive_avg_pool2d_grad(gy, image, out=None)
activation         relu(x, out=None), relu_grad(gy, y, out=None), the same for sigmoid and tanh; y is the result, any shape
softmax            softmax(x, axis, out=None), softmax_grad(gy, y, axis, out=None), the same for log_softmax
loss               cross_entropy(logits (M, C, D), target (M, D) int64, weight (C,) or None, ignore_index, label_smoothing, out=None)
                     -> losses (M, D) as torch's reduction="none", logsumexp (M, D)
                   cross_entropy_grad(gy (M, D), logits, logsumexp, target, weight, ignore_index, label_smoothing, out=None)
norm               batch_norm(x (N, C, *S), weight or None, bias or None, eps, out=None) -> y, mean (C,), invstd (C,); biased variance
                   batch_norm_eval(x, mean, var, weight, bias, eps, out=None) -> y
                   batch_norm_grad(gy, x, weight, mean, invstd, out=None) -> gx, gweight (C,), gbias (C,)
reduce             channel_sum(x (N, K, *S), out=None) -> (K,)
matmul             matmul(a, b, out=None): np.matmul
optim              sgd_step(param, grad, momentum_buffer, *, lr, momentum, dampening, weight_decay, nesterov, maximize, first)
                   adam_step(param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, *, step, lr, beta1, beta2, eps, weight_decay, amsgrad,
                     maximize): in place, with torch's formulas, each operation rounded as torch rounds it
buffers            empty(shape, dtype): uninitialised memory, large blocks taken from those that earlier arrays gave back
"""

if __name__ != "scratchnet.kernels":
    raise ImportError(
        f"{__name__}: this package is the kernels of scratchnet and imports as scratchnet.kernels only; "
        "use `import scratchnet` (from outside its checkout's root, if you meant another package called kernels)"
    )
