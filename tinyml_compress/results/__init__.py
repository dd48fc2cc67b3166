"""What each verb finds, as one frozen value: text, pages, JSON, gates and notebooks are renderings of it."""

from tinyml_compress.results.accelerator import Accelerator, PlacedLayer
from tinyml_compress.results.base import Result, Value, decoded, encoded
from tinyml_compress.results.benchmark import (
    Benchmark,
    BitExact,
    Failure,
    FrontEndCost,
    Measurement,
    ModelFacts,
    NodeCost,
    Placement,
    StageCost,
    TriggerCost,
)
from tinyml_compress.results.check import Check, Contract, Demand, FittingSize, Refused
from tinyml_compress.results.compare import Compared, Comparison
from tinyml_compress.results.compress import Compression, Judgement, Sizes, StageResult, Tried, Word
from tinyml_compress.results.convert import Conversion, ForNpu, Manifest, Mixed, Number, PortFacts, ValueGain
from tinyml_compress.results.core_fit import CoreFit, FittedCost, FittedProgram
from tinyml_compress.results.data_check import DataCheck, Finding, Severity
from tinyml_compress.results.demo import Demo, DemoTraining, UnderTflm
from tinyml_compress.results.doctor import Connected, Diagnosis, Lock, Part
from tinyml_compress.results.evaluate import Engine, Evaluation, Evaluations, Task
from tinyml_compress.results.figures import Figure, Kind
from tinyml_compress.results.fit import Budget, Cost, Estimate, Fit, Form, Trial
from tinyml_compress.results.gate import Gate, Metric, Promise, Verdict
from tinyml_compress.results.inspect import (
    Inspection,
    Inspections,
    LayerCurve,
    LayerFacts,
    Sensitivity,
    Values,
)
from tinyml_compress.results.kernels import KernelOption
from tinyml_compress.results.ledger import Ledger
from tinyml_compress.results.line import SerialLine, Window
from tinyml_compress.results.listing import Heading, Listing
from tinyml_compress.results.lists import KernelFacts, NetFacts, OperatorFacts, Operators, SetFacts, Sets, Zoo
from tinyml_compress.results.made import Compiled, CompiledNode, Exported
from tinyml_compress.results.memories import MemoryShare, MemoryUse
from tinyml_compress.results.optimize import Optimization, OptimizedStep
from tinyml_compress.results.parity import EngineRung, Ladder, LayerNoise, Step
from tinyml_compress.results.quantize import Quantization, QuantizedForm
from tinyml_compress.results.recording import Listening, OperatingPoint, WatchedClass
from tinyml_compress.results.score import Agreement, Score
from tinyml_compress.results.serve import Served, ServedInterface
from tinyml_compress.results.shrink import Narrowed, Shrunk
from tinyml_compress.results.stream import StreamCost, StreamedNet, Told
from tinyml_compress.results.targets import DeviceDetails, DeviceFacts, TargetDetails, Targets
from tinyml_compress.results.verify import Difference, Divergence, Verification
from tinyml_compress.results.weights import LayerWeights

__all__ = [
    "Accelerator",
    "Agreement",
    "Benchmark",
    "BitExact",
    "Budget",
    "Check",
    "Compared",
    "Comparison",
    "Compiled",
    "CompiledNode",
    "Compression",
    "Connected",
    "Contract",
    "Conversion",
    "CoreFit",
    "Cost",
    "DataCheck",
    "Demand",
    "Demo",
    "DemoTraining",
    "DeviceDetails",
    "DeviceFacts",
    "Diagnosis",
    "Difference",
    "Divergence",
    "Engine",
    "EngineRung",
    "Estimate",
    "Evaluation",
    "Evaluations",
    "Exported",
    "Failure",
    "Figure",
    "Finding",
    "Fit",
    "FittedCost",
    "FittedProgram",
    "FittingSize",
    "ForNpu",
    "Form",
    "FrontEndCost",
    "Gate",
    "Heading",
    "Inspection",
    "Inspections",
    "Judgement",
    "KernelFacts",
    "KernelOption",
    "Kind",
    "Ladder",
    "LayerCurve",
    "LayerFacts",
    "LayerNoise",
    "LayerWeights",
    "Ledger",
    "Listening",
    "Listing",
    "Lock",
    "Manifest",
    "Measurement",
    "MemoryShare",
    "MemoryUse",
    "Metric",
    "Mixed",
    "ModelFacts",
    "Narrowed",
    "NetFacts",
    "NodeCost",
    "Number",
    "OperatingPoint",
    "OperatorFacts",
    "Operators",
    "Optimization",
    "OptimizedStep",
    "Part",
    "PlacedLayer",
    "Placement",
    "PortFacts",
    "Promise",
    "Quantization",
    "QuantizedForm",
    "Refused",
    "Result",
    "Score",
    "Sensitivity",
    "SerialLine",
    "Served",
    "ServedInterface",
    "SetFacts",
    "Sets",
    "Severity",
    "Shrunk",
    "Sizes",
    "StageCost",
    "StageResult",
    "Step",
    "StreamCost",
    "StreamedNet",
    "TargetDetails",
    "Targets",
    "Task",
    "Told",
    "Trial",
    "Tried",
    "TriggerCost",
    "UnderTflm",
    "Value",
    "ValueGain",
    "Values",
    "Verdict",
    "Verification",
    "WatchedClass",
    "Window",
    "Word",
    "Zoo",
    "decoded",
    "encoded",
]
