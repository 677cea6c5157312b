"""What is told of a training while it goes on: TensorBoard's log always, other trackers where they are asked for."""
