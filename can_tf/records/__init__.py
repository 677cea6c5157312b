"""TFRecords of utterances: schema, builder, dataset description and batches."""
