/* Loads an export through TensorFlow's C API, as a program without Python does, and runs its signature `features`.

   run_saved_model EXPORT BATCH WORDS FRAMES COEFFICIENTS MFCC SEGMENT_FRAMES WORDS PROBABILITIES < inputs

   Standard input: mfcc as float32, segment_frames as int32, then one line a word. Prints the probabilities. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tensorflow/c/c_api.h"
#include "tensorflow/core/platform/ctstring.h"

static void check(TF_Status* status, const char* what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

static void read_all(void* to, size_t size) {
  if (fread(to, 1, size, stdin) != size) {
    fprintf(stderr, "standard input ended too soon\n");
    exit(1);
  }
}

static TF_Output tensor_named(TF_Graph* graph, const char* name) {
  char operation[512];
  snprintf(operation, sizeof operation, "%s", name);
  char* colon = strchr(operation, ':');
  int index = colon ? atoi(colon + 1) : 0;
  if (colon) *colon = 0;
  TF_Output output = {TF_GraphOperationByName(graph, operation), index};
  if (!output.oper) {
    fprintf(stderr, "the graph has no %s\n", name);
    exit(1);
  }
  return output;
}

int main(int argc, char** argv) {
  if (argc != 10) return 2;
  int64_t batch = atoll(argv[2]), words = atoll(argv[3]), frames = atoll(argv[4]), coefficients = atoll(argv[5]);
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  check(status, "load");

  int64_t mfcc_dims[] = {batch, words, frames, coefficients}, word_dims[] = {batch, words};
  size_t mfcc_bytes = sizeof(float) * batch * words * frames * coefficients;
  TF_Tensor* mfcc = TF_AllocateTensor(TF_FLOAT, mfcc_dims, 4, mfcc_bytes);
  TF_Tensor* segment_frames = TF_AllocateTensor(TF_INT32, word_dims, 2, sizeof(int32_t) * batch * words);
  TF_Tensor* text = TF_AllocateTensor(TF_STRING, word_dims, 2, sizeof(TF_TString) * batch * words);
  read_all(TF_TensorData(mfcc), mfcc_bytes);
  read_all(TF_TensorData(segment_frames), sizeof(int32_t) * batch * words);
  TF_TString* strings = TF_TensorData(text);
  char line[256];
  for (int64_t index = 0; index < batch * words; index++) {
    if (!fgets(line, sizeof line, stdin)) return 3;
    TF_TString_Init(&strings[index]);
    TF_TString_Copy(&strings[index], line, strcspn(line, "\n"));
  }

  TF_Output inputs[] = {tensor_named(graph, argv[6]), tensor_named(graph, argv[7]), tensor_named(graph, argv[8])};
  TF_Tensor* values[] = {mfcc, segment_frames, text};
  TF_Output output = tensor_named(graph, argv[9]);
  TF_Tensor* answer = NULL;
  TF_SessionRun(session, NULL, inputs, values, 3, &output, &answer, 1, NULL, 0, NULL, status);
  check(status, "run");
  const float* probabilities = TF_TensorData(answer);
  for (size_t index = 0; index < TF_TensorByteSize(answer) / sizeof(float); index++)
    printf("%.9g\n", probabilities[index]);
  return 0;
}
