/* The border between Cloud Coffees and a handler library: plain C, version 1.
 *
 * A handler library is a shared object that exports one function, coffees_plugin(), and carries an ELF note
 * with the ABI version (COFFEES_ABI_NOTE writes it), so that the version is checked before any of its code
 * runs. C++ authors include <coffees/handler.hpp>, which does all of this; other languages implement this
 * header.
 *
 * Threads: every function here is called from the worker's main thread, one call at a time, and never from a
 * signal handler. `log` may be called from any thread while `call` runs. Ownership: what the runtime passes
 * in is valid until the call returns. What the library returns in a coffees_result is owned by the library
 * and must stay valid until `release` is called with it, which happens exactly once per `call`. Unwinding: no
 * exception may leave a function of this interface. Growth: every struct starts with its size as its writer
 * knows it. New fields are appended; a reader looks only at fields within that size. A change that breaks
 * this rule raises COFFEES_ABI_VERSION.
 */
#ifndef COFFEES_ABI_H
#define COFFEES_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFEES_ABI_VERSION 1

/* A piece of memory: `size` bytes at `data`, no terminating zero. `data` may be null when `size` is 0. */
typedef struct coffees_bytes {
  const char* data;
  size_t size;
} coffees_bytes;

typedef struct coffees_header {
  coffees_bytes name;
  coffees_bytes value;
} coffees_header;

/* One invocation, as the HTTP client sent it. Read-only. */
typedef struct coffees_event {
  uint32_t struct_size;
  uint32_t header_count;
  const coffees_header* headers; /* in the client's order; names in any case */
  coffees_bytes method;          /* "POST" */
  coffees_bytes path;            /* what follows the function's name, "" or "/..."; not percent-decoded */
  coffees_bytes query;           /* what follows "?"; not percent-decoded */
  coffees_bytes body;            /* raw bytes; Content-Encoding, if any, is for the handler to undo */
  coffees_bytes client;          /* the client's address, "192.0.2.1" or "2001:db8::1"; may be empty. Present
                                  * when struct_size reaches behind it. */
} coffees_event;

/* What the handler may know about the invocation and about where it runs. Read-only. */
typedef struct coffees_context {
  uint32_t struct_size;
  uint32_t cold;            /* 1 when this invocation waited for its worker to start */
  coffees_bytes request_id; /* in X-Request-Id, too; the client may have chosen it */
  coffees_bytes function;   /* the function's name in the configuration */
  coffees_bytes worker;     /* the worker's name, "espresso#3" */
  int64_t
      deadline; /* CLOCK_MONOTONIC nanoseconds; the process is asked to end then, and killed 10 ms later */
  uint64_t memory_limit; /* bytes */
  uint64_t served;       /* invocations finished by this worker before this one */
  int32_t pid;           /* of this worker as the host sees it; getpid() is 1 inside its namespace */
  uint32_t reserved;
  void* host;                                  /* to be handed to log */
  void (*log)(void* host, coffees_bytes line); /* one line of text, without its line end */
} coffees_context;

enum {
  COFFEES_OK = 0,           /* status, headers and body are the answer */
  COFFEES_ERROR = 1,        /* error_type and error_message say what went wrong */
  COFFEES_OUT_OF_MEMORY = 2 /* like COFFEES_ERROR; the worker is retired */
};

/* What came of it. Zeroed, with struct_size set, before it is handed to the library. */
typedef struct coffees_result {
  uint32_t struct_size;
  uint32_t outcome; /* COFFEES_OK, ... */
  int32_t status;   /* HTTP status 200-599; 0 means 200 */
  uint32_t header_count;
  const coffees_header* headers;
  coffees_bytes body;
  coffees_bytes error_type;
  coffees_bytes error_message;
  void* owner; /* the library's own; the runtime does not touch it */
} coffees_result;

/* The library's functions. The struct lives as long as the library. */
typedef struct coffees_plugin_v1 {
  uint32_t abi_version; /* COFFEES_ABI_VERSION */
  uint32_t struct_size;
  const char* name; /* zero-terminated; for messages only, the configuration names the function */
  /* Optional (may be null). Runs once per process image, before the first call, and is timed on its own.
   * Fills outcome, error_type and error_message; release() follows. */
  void (*init)(coffees_result* result);
  void (*call)(const coffees_event* event, const coffees_context* context, coffees_result* result);
  void (*release)(coffees_result* result);
  /* Optional (may be null, or left out by libraries that were built before there was such a field). Runs in
   * each worker process before its first call, with its own process id and /tmp, and is timed like init.
   * Fills the same fields as init; release() follows. */
  void (*worker_init)(coffees_result* result);
} coffees_plugin_v1;

/* The one exported symbol. Never returns null. */
__attribute__((visibility("default"))) const coffees_plugin_v1* coffees_plugin(void);

#define COFFEES_PLUGIN_SYMBOL "coffees_plugin"
#define COFFEES_NOTE_OWNER "CloudCoffees"
#define COFFEES_NOTE_TYPE 1u

/* An ELF note (elf(5)): sizes of owner and content, type, owner padded to 4, content. */
typedef struct coffees_abi_note {
  uint32_t owner_size;
  uint32_t content_size;
  uint32_t type;
  char owner[16];
  uint32_t abi_version;
} coffees_abi_note;

/* Write this once, at file scope, in a handler library. */
#define COFFEES_ABI_NOTE                                                                               \
  __attribute__((used, aligned(4),                                                                     \
                 section(".note.CloudCoffees"))) static const coffees_abi_note coffees_abi_note_v1 = { \
      sizeof(COFFEES_NOTE_OWNER), sizeof(uint32_t), COFFEES_NOTE_TYPE, COFFEES_NOTE_OWNER,             \
      COFFEES_ABI_VERSION}

#ifdef __cplusplus
}
#endif

#endif
