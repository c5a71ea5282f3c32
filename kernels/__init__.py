"""scratchnet.kernels: arrays in, arrays out; and the contract that every backend meets.

Import it as `scratchnet.kernels`. `scratchnet.device.kernels_for(array)` gives the backend package for an array: `cpu`,
or inside a complex step `plain`. Its modules, the stems below, are imported at first use. N, C, H, W are samples,
channels, height, width; K channels out; KH, KW the kernel; OH, OW the output; L = OH * OW; *S any number of further
dimensions.

Rules

- A kernel checks nothing: sizes, types and ranges are the caller's business. It writes to `out`, `workspace` and, in
  optim, to the parameter and its state, and to nothing else. It returns `out`, or where that is None a new array from
  `buffers.empty`. `out` has the result's shape and dtype, any strides, and overlaps no input (activation: or is one).
- Inputs may have any strides, be read-only, and have dimensions of size 0. New arrays are C-contiguous.
- float32 and float64 are computed in themselves, float16 in float32 and rounded once at the end. Side results (mean,
  invstd, logsumexp) of float16 stay float32.
- Sums are cut by shape alone and added in a fixed order: the same bits on any number of threads. Long float32 sums are
  accumulated in float64, in blocks, or by BLAS.
- Of equal maxima the first wins, of several NaN the last. relu keeps NaN; its gradient at 0 is 0. Max pooling pads with
  minus infinity; a window wholly in the padding has index -1.
- Geometry (kernel_size, stride, padding, dilation, out_size, image, plane) is always a pair (height, width).

conv_<name>: one file an algorithm; x (N, C, H, W), w (K, C / groups, KH, KW), bias (K,) or None

    supports(x_shape, w_shape, dtype, stride, padding, dilation, groups) -> bool
    forward(x, w, bias, *, stride, padding, dilation, groups, epilogue="none", out=None, workspace=None)
        -> (N, K, OH, OW), OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1
    grad_input(gy, w, x_shape, *, stride, padding, dilation, groups, out=None, workspace=None) -> x_shape
    grad_weight(gy, x, w_shape, *, stride, padding, dilation, groups, out=None, workspace=None) -> w_shape
    grad_parameters(gy, x, w_shape, *, stride, padding, dilation, groups) -> gw, sum of gy over all but the channels:
        only where that is faster than grad_weight and reduce.channel_sum

  Padding counts as 0. Whether an infinite weight over the padding makes NaN of it (0 times infinity) is the algorithm's
  choice, as in torch: products of matrices do, what passes the padding over (naive, depthwise) doesn't.

  epilogue: "none", "bias" (adds it to each channel) or "bias_relu". workspace: memory to use for intermediate results
  instead of fresh memory, a 1-d C-contiguous array of the dtype computed in and of at least
  `workspace_size(x_shape, w_shape, stride, padding, dilation, groups)` elements; without that function: unused.

conv: the algorithms

    algorithms() -> names, one a file; algorithm(name) -> module; choose(<as supports>) -> the name for "auto"

columns: windows as columns of a matrix, and the adjoint

    im2col(x, kernel_size, *, stride, padding, dilation, out=None) -> (N, C KH KW, L)
    col2im(columns, image, kernel_size, *, stride, padding, dilation, out=None) -> (N, C, H, W)

pool: on (N, C, H, W); indices are int64 flat positions in the H * W plane

    max_pool2d(x, kernel_size, *, stride, padding, dilation, out_size, out=None, indices=None) -> y, indices
    scatter_planes(gy, indices, plane, out=None) -> (N, C, *plane): sums gy at the indices
    gather_planes(x, indices, out=None) -> indices' shape, the adjoint of scatter_planes
    avg_pool2d(x, kernel_size, *, stride, padding, out_size, count_include_pad, divisor_override, out=None)
    avg_pool2d_grad(gy, image, kernel_size, *, stride, padding, count_include_pad, divisor_override, out=None)
    adaptive_avg_pool2d(x, out_size, out=None), adaptive_avg_pool2d_grad(gy, image, out=None)

  An index outside the plane reads 0 and writes nothing. out_size, and with it ceil_mode, is the caller's.

activation: any shape; y is the function's result

    relu(x, out=None), relu_grad(gy, y, out=None); sigmoid, sigmoid_grad, tanh, tanh_grad alike

curves: activation functions of any shape by their names, each followed by its numbers; a pass over memory each

    value(curve, x, *numbers, out=None); slope(curve, gy, x, *numbers, out=None): gy times the derivative at x
    elu (alpha, scale, inner: scale alpha (exp(inner x) - 1) where x <= 0, else scale x), gelu, gelu_tanh, hardsigmoid,
    hardswish, hardtanh (low, high; value also of integers), leaky_relu (negative slope), logsigmoid, mish, silu,
    softplus (beta, threshold)

functions: any shape

    erf(x, out=None): the error function

arithmetic: of arrays that broadcast

    add(x, y)

join

    concatenate(arrays, axis): np.concatenate of arrays of one dtype
    split(x, lengths, axis) -> list: copies in C order of the parts of an axis, so long one after the other
    contiguous(x): a copy in C order of an array that isn't

division: of arrays and NumPy's numbers of one dtype that broadcast; integers not by 0

    floor_divide(x, y), remainder(x, y), fmod(x, y): NumPy's

extremes: any shape, along one axis or over all elements

    argmax(x, axis=None, *, keepdims=False), argmin alike: the first of several, and a NaN before all

softmax: along one axis; y is the function's result

    softmax(x, axis, out=None), softmax_grad(gy, y, axis, out=None); log_softmax, log_softmax_grad alike

loss: logits (M, C, D), target int64 (M, D), weight (C,) or None; on a GPU a target that is no class counts as ignored

    cross_entropy(logits, target, weight, ignore_index, label_smoothing, out=None)
        -> losses (M, D) as of torch's reduction="none", logsumexp (M, D)
    cross_entropy_grad(gy, logits, logsumexp, target, weight, ignore_index, label_smoothing, out=None) -> (M, C, D)

targets: as loss, but x (M, C, D) are log-probabilities

    nll(x, target, weight, ignore_index, out=None) -> losses (M, D): -weight[t] x[t], 0 where ignored
    nll_grad(gy, target, weight, ignore_index, classes, out=None) -> (M, C, D), the adjoint
    mean(losses, target, weight, ignore_index) -> the losses' sum over that of the weights (), the latter ()

norm: x (N, C, *S); weight, bias (C,) or None; biased variance

    batch_norm(x, weight, bias, eps, out=None) -> y, mean (C,), invstd (C,)
    batch_norm_eval(x, mean, var, weight, bias, eps, out=None) -> y
    batch_norm_grad(gy, x, weight, mean, invstd, out=None) -> gx, gweight (C,), gbias (C,)

reduce, matmul

    channel_sum(x, out=None): (N, K, *S) -> (K,)
    matmul(a, b, out=None): np.matmul

scan: along the last axis

    linear_scan(g, a, out=None): h_i = g_i + a_i h_(i-1), h_(-1) = 0
    cumsum(x, out=None), cumprod(x, out=None): running sums and products of floats

largest: of each line, equal numbers in the order of torch's topk on Linux (on a GPU: of their positions)

    largest(x, k): (M, C) -> (M, k) int64, where the k largest are, the largest first; NaN counts as the largest

indices: of integers of any shape

    check(index, low, high, error, ignored=None): raise error(i) for the first i outside low ... high - 1; one number,
        `ignored`, may be anywhere. On a GPU without waiting: `raise_pending()` raises it, which every wait calls.
        `error` holds no array.

scatter: writes to out (R, *S), values (M, *S) or what broadcasts to it, places (M,) int64 in 0 ... R - 1; in order

    put(out, places, values): out[places[i]] = values[i], the last of several for one place stays
    add(out, places, values), multiply: out[places[i]] += values[i], one after another; float16 rounded once
        On a GPU a place outside of out is left out: its index's check has noted it.

dropout

    scaled(x, kept, scale, out=None): x * scale where the bool array kept is true, else x * 0
    on CUDA: dropout(x, chance, scale, stream) -> y, kept: drawn as random.keep(x.shape, chance, stream) does

random: on CUDA alone (the CPU's numbers are torch's: scratchnet.random); stream = (seed, offset); number i depends on
    them and on i, not on the grid

    words(n, stream, start=0) -> (n,) uint64; permutation(n, stream) -> (n,) int64
    integers(low, high, shape, stream) -> int64; uniform(shape, low, high, dtype, stream)
    normal(shape, mean, std, dtype, stream), exponential(shape, rate, dtype, stream)
    bernoulli(chances, stream), keep(shape, chance, stream) -> bool
    multinomial(weights, samples, replacement, stream) -> int64: (C,) or (N, C) -> (samples,) or (N, samples)

optim: in place; lists of arrays: parameters, their gradients, their states; torch's single-tensor formulas, each
operation rounded as torch rounds it

    sgd_step(params, grads, momentum_buffers, *, lr, momentum, dampening, weight_decay, nesterov, maximize, first)
    adam_step(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, *, step, lr, beta1, beta2, eps, weight_decay,
              decoupled, amsgrad, maximize)

optim_adaptive: as optim; `step` counts from 1; decoupled: weight decay shrinks the parameter

    adamax_step(params, grads, exp_avgs, exp_infs, *, step, lr, beta1, beta2, eps, weight_decay, maximize)
    nadam_step(params, grads, exp_avgs, exp_avg_sqs, *, step, lr, beta1, beta2, eps, weight_decay, mu, mu_next,
               mu_product, decoupled, maximize)
    radam_step(params, grads, exp_avgs, exp_avg_sqs, *, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
    rmsprop_step(params, grads, square_avgs, grad_avgs, momentum_buffers, *, lr, alpha, eps, weight_decay, momentum,
                 maximize); grad_avgs and momentum_buffers may be None
    adagrad_step(params, grads, totals, *, step, lr, lr_decay, eps, weight_decay, maximize)
    adadelta_step(params, grads, square_avgs, acc_deltas, *, lr, rho, eps, weight_decay, maximize)

buffers

    empty(shape, dtype): uninitialised memory; large blocks come from arrays that are no longer used
"""

if __name__ != "scratchnet.kernels":
    raise ImportError(
        f"{__name__}: this package is the kernels of scratchnet and imports as scratchnet.kernels only; "
        "use `import scratchnet` (from outside its checkout's root, if you meant another package called kernels)"
    )
