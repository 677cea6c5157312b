"""Run as a program of its own: answers a version's warm-up requests as TensorFlow Serving would.

    python loader_check.py VERSION_FOLDER OUTPUTS.npz PARENT

It goes the way of the server's loader, a session over the saved graph, and imports neither can_tf nor Keras: an export
that needs either fails here. Writes each output as `REQUEST/NAME`, and prints the ops that the graph uses as JSON. Ends
with the process PARENT: nobody reads the answer then.
"""

import gc
import json
import os
import sys
import threading
import time


def end_with(parent: int) -> None:
    """Ends this process when its parent has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


gc.disable()  # There is hardly any garbage, and the program ends soon.
# Before TensorFlow is imported, which takes seconds.
threading.Thread(target=end_with, args=[int(sys.argv[3])], daemon=True).start()
sys.modules["keras"] = None  # type: ignore[assignment]  # TensorFlow imports it if it can; a server has none.

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow_serving.apis import prediction_log_pb2  # noqa: E402


def main() -> None:
    folder, outputs_path = sys.argv[1:3]
    outputs = {}
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], folder)
        records = tf.compat.v1.io.tf_record_iterator(f"{folder}/assets.extra/tf_serving_warmup_requests")
        for number, record in enumerate(records):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            signature = loaded.signature_def[request.model_spec.signature_name]
            feed = {
                graph.get_tensor_by_name(tensor.name): tf.make_ndarray(request.inputs[key])
                for key, tensor in signature.inputs.items()
            }
            values = session.run({key: tensor.name for key, tensor in signature.outputs.items()}, feed)
            for key, value in values.items():
                outputs[f"{number}/{key}"] = value.astype("S") if value.dtype == object else value
    np.savez(outputs_path, **outputs)
    ops = {node.op for node in loaded.graph_def.node}
    ops |= {node.op for function in loaded.graph_def.library.function for node in function.node_def}
    functions = {function.signature.name for function in loaded.graph_def.library.function}
    print(json.dumps({"ops": sorted(ops - functions)}))


main()
