"""What a model's configuration may name: the classes and functions of Keras that compute, and nothing else.

Left out on purpose: `Lambda` and what else carries Python; `StringLookup`, `TextVectorization` and their kin,
which read files that the configuration names; `TFSMLayer`, `TorchModuleWrapper`, `JaxLayer` and
`DenseFeatures`, which load or run what others wrote. None of them has a form on a microcontroller.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODELS = _words("Functional Sequential Model")

LAYERS = _words(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AdditiveAttention AlphaDropout Attention Average AveragePooling1D AveragePooling2D AveragePooling3D
    AvgPool1D AvgPool2D AvgPool3D BatchNormalization BatchNormalizationV1 BatchNormalizationV2 Bidirectional
    CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
    Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D
    Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D Dense
    DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Flatten GRU GRUCell
    GRUCellV1 GRUCellV2 GRUV1 GRUV2 GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D
    GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity Input InputLayer LSTM LSTMCell
    LSTMCellV1 LSTMCellV2 LSTMV1 LSTMV2 LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D
    Masking MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram
    Minimum MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing
    RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
    RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation
    RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing STFTSpectrogram SeparableConv1D
    SeparableConv2D SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax
    SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells Subtract
    SyncBatchNormalization ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling2D
    UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)

OTHERS = {
    "SlicingOpLambda": "tf_keras.src.layers.core.tf_op_layer",
    "TFOpLambda": "tf_keras.src.layers.core.tf_op_layer",
    "TensorFlowOpLayer": "tf_keras.src.engine.base_layer",
    # Of keras.applications' ConvNeXt.
    "LayerScale": "tf_keras.src.applications.convnext",
    "StochasticDepth": "tf_keras.src.applications.convnext",
}
"""Layers that are not in `keras.layers`, with the module that holds them."""

PYTHON = _words(
    """
    Lambda __lambda__ AddLoss AddMetric ClassMethod InstanceMethod InstanceProperty CuDNNGRU CuDNNLSTM
    DenseFeatures DeviceWrapper DropoutWrapper FlaxLayer IntegerLookup JaxLayer ResidualWrapper
    SequenceFeatures StringLookup TFSMLayer TextVectorization TorchModuleWrapper __typespec__ CompositeTensor
    TypeSpec
    """
)
"""Names of Keras's own that are refused with a sentence of their own: they carry Python, or open what they
name.
"""

INITIALIZERS = _words(
    """
    Constant GlorotNormal GlorotNormalV2 GlorotUniform GlorotUniformV2 HeNormal HeNormalV2 HeUniform
    HeUniformV2 Identity IdentityInitializer LecunNormal LecunNormalV2 LecunUniform LecunUniformV2 Ones OnesV2
    Orthogonal OrthogonalInitializer RandomNormal RandomNormalV2 RandomUniform RandomUniformV2 STFT
    TruncatedNormal TruncatedNormalV2 VarianceScaling VarianceScalingV2 Zeros ZerosV2 constant glorot_normal
    glorot_normalV2 glorot_uniform glorot_uniformV2 he_normal he_normalV2 he_uniform he_uniformV2 identity
    lecun_normal lecun_normalV2 lecun_uniform lecun_uniformV2 normal one ones orthogonal random_normal
    random_uniform truncated_normal uniform variance_scaling zero zeros
    """
)

WEIGHT_RULES = _words(
    """
    L1 L1L2 L2 OrthogonalRegularizer l1 l1_l2 l2 orthogonal_regularizer MaxNorm MinMaxNorm NonNeg
    RadialConstraint UnitNorm max_norm maxnorm min_max_norm minmaxnorm non_neg nonneg radial_constraint
    unit_norm unitnorm
    """
)
"""Regularizers and constraints."""

ACTIVATIONS = _words(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
    log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign
    sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold ELU LeakyReLU PReLU ReLU
    Softmax ThresholdedReLU
    """
)

POLICIES = _words("DTypePolicy FloatDTypePolicy Policy PolicyV1")

OPTIMIZED = _words(
    """
    AllValuesQuantizer Default8BitActivationQuantizeConfig Default8BitConvQuantizeConfig
    Default8BitConvTransposeQuantizeConfig Default8BitOutputQuantizeConfig Default8BitQuantizeConfig
    Default8BitQuantizeConfigRNN DefaultNBitActivationQuantizeConfig DefaultNBitConvQuantizeConfig
    DefaultNBitConvTransposeQuantizeConfig DefaultNBitOutputQuantizeConfig DefaultNBitQuantizeConfig
    DefaultNBitQuantizeConfigRNN FixedQuantizeConfig FixedQuantizer LastValueQuantizer MovingAverageQuantizer
    NoOpActivation NoOpQuantizeConfig NoQuantizer OutputOnlyConfig QuantizeAnnotate QuantizeAwareActivation
    QuantizeLayer QuantizeWrapper QuantizeWrapperV2 ClusterWeights ConstantSparsity PolynomialDecay
    PruneLowMagnitude
    """
)
"""TensorFlow Model Optimization's wrappers and what they hold."""
