"""What a model file may compute with: TensorFlow functions by name, and operators of graphs.

Lists of what may, never of what may not: whatever TensorFlow adds is refused until somebody has looked at it.
An entry belongs here when it turns tensors into tensors and nothing else: no file, no process, no Python, no
network, no printing, no state outside the model's own variables.
"""

from __future__ import annotations


def _under(room: str, text: str) -> frozenset[str]:
    return frozenset(f"{room}{name}" for name in text.split())


_MATH = """
    abs acos acosh add add_n angle argmax argmin asin asinh atan atan2 atanh ceil confusion_matrix conj cos
    cosh count_nonzero cumprod cumsum divide divide_no_nan equal erf exp expm1 floor floordiv floormod greater
    greater_equal in_top_k is_finite is_inf is_nan l2_normalize less less_equal log log1p log_sigmoid
    log_softmax logical_and logical_not logical_or logical_xor maximum minimum mod multiply multiply_no_nan
    negative nextafter not_equal pow real imag reciprocal reciprocal_no_nan reduce_all reduce_any
    reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std reduce_sum
    reduce_variance rint round rsqrt scalar_mul segment_max segment_mean segment_min segment_prod segment_sum
    sigmoid sign sin sinh softmax softplus softsign sqrt square squared_difference subtract tan tanh top_k
    truediv unsorted_segment_max unsorted_segment_mean unsorted_segment_min unsorted_segment_prod
    unsorted_segment_sum xdivy xlogy zero_fraction
"""
_TOP = """
    abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh batch_to_space bitcast
    boolean_mask broadcast_to cast clip_by_norm clip_by_value complex concat cos cosh cumsum divide einsum
    ensure_shape equal exp expand_dims extract_volume_patches eye fill floor floordiv floormod gather
    gather_nd greater greater_equal identity identity_n less less_equal linspace log logical_and logical_not
    logical_or matmul maximum meshgrid minimum multiply negative norm not_equal one_hot ones ones_like pad pow
    range rank realdiv reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod
    reduce_sum repeat reshape reverse reverse_sequence roll round rsqrt saturate_cast scalar_mul scatter_nd
    searchsorted sequence_mask shape shape_n sigmoid sign sin sinh size slice sort space_to_batch
    space_to_batch_nd space_to_depth split sqrt square squared_difference squeeze stack stop_gradient
    strided_slice subtract tan tanh tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min
    tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile transpose truediv truncatediv truncatemod
    unstack where zeros zeros_like convert_to_tensor constant depth_to_space div div_no_nan
"""
_NN = """
    atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d avg_pool3d
    batch_norm_with_global_normalization batch_normalization bias_add conv1d conv1d_transpose conv2d
    conv2d_transpose conv3d conv3d_transpose conv_transpose convolution crelu depth_to_space depthwise_conv2d
    depthwise_conv2d_native dilation2d dropout elu embedding_lookup erosion2d fused_batch_norm gelu
    isotonic_regression l2_loss l2_normalize leaky_relu local_response_normalization log_softmax lrn max_pool
    max_pool1d max_pool2d max_pool3d moments normalize_moments pool relu relu6 relu_layer
    scale_regularization_loss selu separable_conv2d sigmoid silu softmax softplus softsign space_to_batch
    space_to_depth sufficient_statistics swish tanh top_k weighted_moments with_space_to_batch zero_fraction
"""
_LINALG = """
    adjoint band_part cross det diag diag_part einsum eye inv l2_normalize matmul matrix_transpose matvec norm
    normalize set_diag solve tensor_diag tensor_diag_part tensordot trace triangular_solve
"""
_IMAGE = """
    adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation central_crop
    convert_image_dtype crop_and_resize crop_to_bounding_box extract_patches flip_left_right flip_up_down
    grayscale_to_rgb hsv_to_rgb pad_to_bounding_box per_image_standardization resize resize_bicubic
    resize_bilinear resize_nearest_neighbor resize_with_crop_or_pad resize_with_pad rgb_to_grayscale
    rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90 sobel_edges total_variation transpose yiq_to_rgb yuv_to_rgb
"""
_SIGNAL = """
    dct fft fft2d fft3d fftshift frame hamming_window hann_window idct ifft ifft2d ifft3d ifftshift
    inverse_stft irfft irfft2d kaiser_window linear_to_mel_weight_matrix mdct mfccs_from_log_mel_spectrograms
    overlap_and_add rfft rfft2d stft vorbis_window
"""
_BACKEND = """
    abs all any arange argmax argmin batch_dot batch_flatten batch_normalization bias_add cast clip
    concatenate conv1d conv2d conv2d_transpose conv3d cos cumprod cumsum depthwise_conv2d dot dropout elu
    equal exp expand_dims flatten gather greater greater_equal hard_sigmoid l2_normalize less less_equal log
    max maximum mean min minimum not_equal one_hot ones_like permute_dimensions pool2d pool3d pow prod relu
    repeat repeat_elements reshape resize_images reverse round separable_conv2d shape sigmoid sign sin softmax
    softplus softsign spatial_2d_padding sqrt square squeeze stack std stop_gradient sum tanh temporal_padding
    tile transpose var zeros_like
"""
_ACTIVATIONS = (
    "elu exponential gelu hard_sigmoid linear mish relu selu sigmoid softmax softplus softsign swish tanh"
)

FUNCTIONS = frozenset().union(
    _under("", _TOP),
    _under("math.", _MATH),
    _under("nn.", _NN),
    _under("linalg.", _LINALG),
    _under("image.", _IMAGE),
    _under("signal.", _SIGNAL),
    _under("bitwise.", "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift"),
    _under("dtypes.", "cast complex saturate_cast"),
    _under(
        "quantization.",
        "fake_quant_with_min_max_args fake_quant_with_min_max_vars quantize_and_dequantize_v2",
    ),
    _under("__operators__.", "add eq getitem ne"),
    _under("keras.backend.", _BACKEND),
    _under("keras.activations.", _ACTIVATIONS),
)
"""What a `TFOpLambda` layer may call, as TensorFlow's public names; those of `compat.v1` are the same
functions.
"""


def is_function(name: object) -> bool:
    """Whether a layer of a model file may call the TensorFlow function of that name."""
    return isinstance(name, str) and name.removeprefix("compat.v1.") in FUNCTIONS


GRAPH = frozenset(
    """
    Abs Acos Acosh Add AddN AddV2 All Angle Any ArgMax ArgMin Asin Asinh Assert Atan Atan2 Atanh AvgPool
    AvgPool3D AvgPool3DGrad AvgPoolGrad BatchFFT BatchIFFT BatchMatMul BatchMatMulV2 BatchMatMulV3
    BatchNormWithGlobalNormalization BatchToSpace BatchToSpaceND BiasAdd BiasAddGrad BiasAddV1 Bincount
    Bitcast BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastGradientArgs BroadcastTo Bucketize Case
    Cast Ceil CheckNumerics ClipByValue Complex ComplexAbs Concat ConcatOffset ConcatV2 Conj
    ConjugateTranspose Const Conv Conv2D Conv2DBackpropFilter Conv2DBackpropFilterV2 Conv2DBackpropInput
    Conv2DBackpropInputV2 Conv3D Conv3DBackpropInputV2 Cos Cosh CropAndResize Cross CudnnRNN CudnnRNNBackprop
    CudnnRNNBackpropV2 CudnnRNNBackpropV3 CudnnRNNCanonicalToParams CudnnRNNCanonicalToParamsV2 CudnnRNNV2
    CudnnRNNV3 Cumprod Cumsum DenseBincount DepthToSpace DepthwiseConv2dNative
    DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Dequantize Diag DiagPart Dilation2D
    DisableCopyOnRead Div DivNoNan DynamicPartition DynamicStitch Einsum Elu EluGrad Empty EmptyTensorList
    EnsureShape Enter Equal Erf Erfc Exit Exp ExpandDims Expm1 ExtractImagePatches ExtractVolumePatches FFT
    FFT2D FFT3D FakeQuantWithMinMaxArgs FakeQuantWithMinMaxArgsGradient FakeQuantWithMinMaxVars
    FakeQuantWithMinMaxVarsGradient FakeQuantWithMinMaxVarsPerChannel
    FakeQuantWithMinMaxVarsPerChannelGradient Fill Floor FloorDiv FloorMod FractionalAvgPool FractionalMaxPool
    FusedBatchNorm FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2
    FusedBatchNormV3 FusedPadConv2D FusedResizeAndPadConv2D Gather GatherNd GatherV2 Greater GreaterEqual
    HSVToRGB IFFT IFFT2D IFFT3D IRFFT IRFFT2D IRFFT3D Identity IdentityN If Imag InTopK InTopKV2 Inv InvGrad
    Invert InvertPermutation IsFinite IsInf IsNan L2Loss LRN LRNGrad LeakyRelu LeakyReluGrad LeftShift Less
    LessEqual Lgamma LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr LoopCond MatMul
    MatrixBandPart MatrixDeterminant MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2
    MatrixDiagV3 MatrixInverse MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 MatrixSolve MatrixTriangularSolve
    Max MaxPool MaxPool3D MaxPool3DGrad MaxPoolGrad MaxPoolGradV2 MaxPoolGradWithArgmax MaxPoolV2
    MaxPoolWithArgmax Maximum Mean Merge Mfcc Min Minimum MirrorPad MirrorPadGrad Mod Mul MulNoNan Multinomial
    Neg NextAfter NextIteration NoOp NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3
    NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack Pad PadV2 ParallelConcat
    ParallelDynamicStitch PartitionedCall Placeholder PlaceholderV2 PlaceholderWithDefault Polygamma Pow
    PreventGradient Prod QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
    QuantizeAndDequantizeV4 QuantizeV2 RFFT RFFT2D RFFT3D RGBToHSV RandomStandardNormal RandomUniform
    RandomUniformInt Range Rank Real RealDiv Reciprocal ReciprocalGrad Relu Relu6 Relu6Grad ReluGrad Reshape
    ResizeArea ResizeBicubic ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor ResizeNearestNeighborGrad
    Reverse ReverseSequence ReverseV2 RightShift Rint Roll Round Rsqrt RsqrtGrad ScatterNd SegmentMax
    SegmentMean SegmentMin SegmentProd SegmentSum Select SelectV2 Selu SeluGrad Shape ShapeN Sigmoid
    SigmoidGrad Sign Sin Sinh Size Slice Softmax SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign
    SoftsignGrad SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Sqrt SqrtGrad Square SquaredDifference
    Squeeze StatefulPartitionedCall StatefulStandardNormalV2 StatefulUniform StatelessCase StatelessIf
    StatelessMultinomial StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
    StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformInt
    StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessTruncatedNormal StatelessTruncatedNormalV2
    StatelessWhile StopGradient StridedSlice StridedSliceGrad Sub Sum Switch Tan Tanh TanhGrad
    TensorListConcatV2 TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem
    TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListResize TensorListScatter
    TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
    TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate
    TensorStridedSliceUpdate Tile TopK TopKV2 Transpose TruncateDiv TruncateMod TruncatedNormal Unpack
    UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Where While Xdivy Xlogy
    ZerosLike AudioSpectrogram AssignAddVariableOp AssignSubVariableOp AssignVariableOp ReadVariableOp
    ResourceGather ResourceGatherNd ResourceScatterAdd ResourceScatterUpdate ResourceStridedSliceAssign
    VarHandleOp VarIsInitializedOp VariableShape Assign AssignAdd AssignSub Variable VariableV2
    """.split()
)
"""Operators of TensorFlow graphs that compute, check, or keep the model's own variables."""

SAVING = frozenset(
    "MergeV2Checkpoints RestoreV2 SaveV2 Select ShardedFilename StaticRegexFullMatch StringJoin".split()
)
"""What TensorFlow writes into a SavedModel to save and restore it: harmless as long as nobody calls it."""
