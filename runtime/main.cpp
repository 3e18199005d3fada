// The program coffees: see cli/run.cpp.
#include "cli/run.h"

int main(int argc, char** argv) { return coffees::cli::run(argc, argv); }
