"""From a model file and an annotation to a label map: `Segmenter` holds the model, `Session` one photo."""
