// Gives the body back, as espresso does: the FastCGI program behind Apache's mod_fcgid.
#include <fcgi_stdio.h>
#include <stdlib.h>

int main(void) {
  char body[65536];
  while (FCGI_Accept() >= 0) {
    const char* length = getenv("CONTENT_LENGTH");
    size_t size = length != NULL ? strtoul(length, NULL, 10) : 0;
    if (size > sizeof body) size = sizeof body;
    size = fread(body, 1, size, stdin);
    // The library's own printf does not know %zu.
    printf("Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", (int)size);
    fwrite(body, 1, size, stdout);
  }
  return 0;
}
