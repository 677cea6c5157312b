/* Loads an export through TensorFlow's C API, as a program without Python does, and asks about one recording.

   run_saved_model EXPORT WAV AUDIO WORDS START END NUM_WORDS PROBABILITIES < words

   The last six are tensors of the signature. Standard input: a line a word, its text, start and end. Prints the
   probabilities. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tensorflow/c/c_api.h"
#include "tensorflow/core/platform/ctstring.h"

enum { MOST_WORDS = 1000, MOST_BYTES = 1 << 24 };

static void check(TF_Status* status, const char* what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
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

static TF_Tensor* strings(int rank, int64_t count, char (*texts)[256]) {
  int64_t dims[] = {1, count};
  TF_Tensor* tensor = TF_AllocateTensor(TF_STRING, dims, rank, sizeof(TF_TString) * count);
  TF_TString* elements = TF_TensorData(tensor);
  for (int64_t index = 0; index < count; index++) {
    TF_TString_Init(&elements[index]);
    if (texts) TF_TString_Copy(&elements[index], texts[index], strlen(texts[index]));
  }
  return tensor;
}

static TF_Tensor* numbers(TF_DataType type, int rank, int64_t count, const void* values) {
  int64_t dims[] = {1, count};
  TF_Tensor* tensor = TF_AllocateTensor(type, dims, rank, 4 * count);
  memcpy(TF_TensorData(tensor), values, 4 * count);
  return tensor;
}

int main(int argc, char** argv) {
  static char bytes[MOST_BYTES], words[MOST_WORDS][256];
  static float start[MOST_WORDS], end[MOST_WORDS];
  if (argc != 9) return 2;
  FILE* file = fopen(argv[2], "rb");
  if (!file) return 3;
  size_t size = fread(bytes, 1, sizeof bytes, file);
  int32_t count = 0;
  while (count < MOST_WORDS && scanf("%255s %f %f", words[count], &start[count], &end[count]) == 3) count++;

  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  check(status, "load");

  TF_Tensor* audio = strings(1, 1, NULL);
  TF_TString_Copy(TF_TensorData(audio), bytes, size);
  TF_Tensor* values[] = {audio, strings(2, count, words), numbers(TF_FLOAT, 2, count, start),
                         numbers(TF_FLOAT, 2, count, end), numbers(TF_INT32, 1, 1, &count)};
  TF_Output inputs[5], output = tensor_named(graph, argv[8]);
  for (int index = 0; index < 5; index++) inputs[index] = tensor_named(graph, argv[3 + index]);
  TF_Tensor* answer = NULL;
  TF_SessionRun(session, NULL, inputs, values, 5, &output, &answer, 1, NULL, 0, NULL, status);
  check(status, "run");
  const float* probabilities = TF_TensorData(answer);
  for (size_t index = 0; index < TF_TensorByteSize(answer) / sizeof(float); index++)
    printf("%.9g\n", probabilities[index]);
  return 0;
}
