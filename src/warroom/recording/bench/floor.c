/* The floor of recording: N RTSP/TCP connections, epoll, read, write raw to one file each.
   usage: floor HOST PORT FIRST COUNT OUTDIR */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static void on_signal(int number) { (void)number; stop = 1; }

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int port = atoi(argv[2]), first = atoi(argv[3]), count = atoi(argv[4]);
  static int out[65536];
  static char buffer[1 << 18];
  struct epoll_event ready[256];
  int poller = epoll_create1(0);
  signal(SIGTERM, on_signal);
  for (int i = first; i < first + count; i++) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, argv[1], &at.sin_addr);
    if (s < 0 || s >= 65536 || connect(s, (void *)&at, sizeof at)) return 1;
    const char *steps[] = {
        "OPTIONS rtsp://%s:%d/cam/%d/main RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "DESCRIBE rtsp://%s:%d/cam/%d/main RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n\r\n",
        "SETUP rtsp://%s:%d/cam/%d/main/trackID=0 RTSP/1.0\r\nCSeq: 3\r\n"
        "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"};
    char session[128] = "";
    for (int k = 0; k < 3; k++) {
      char text[512];
      int n = snprintf(text, sizeof text, steps[k], argv[1], port, i);
      if (write(s, text, n) != n) return 1;
      n = read(s, buffer, sizeof buffer - 1);
      if (n <= 0) return 1;
      buffer[n] = 0;
      char *found = strstr(buffer, "Session: ");
      if (found) sscanf(found + 9, "%100[^;\r\n]", session);
    }
    char text[512];
    int n = snprintf(text, sizeof text,
                     "PLAY rtsp://%s:%d/cam/%d/main RTSP/1.0\r\nCSeq: 4\r\nSession: %s\r\n\r\n",
                     argv[1], port, i, session);
    if (write(s, text, n) != n) return 1;
    snprintf(text, sizeof text, "%s/c%d.raw", argv[5], i);
    out[s] = open(text, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = s};
    epoll_ctl(poller, EPOLL_CTL_ADD, s, &event);
  }
  printf("ready\n");
  fflush(stdout);
  while (!stop) {
    int some = epoll_wait(poller, ready, 256, 200);
    for (int k = 0; k < some; k++) {
      int n = read(ready[k].data.fd, buffer, sizeof buffer);
      if (n > 0 && write(out[ready[k].data.fd], buffer, n) != n) return 1;
      if (n <= 0) epoll_ctl(poller, EPOLL_CTL_DEL, ready[k].data.fd, NULL);
    }
  }
  return 0;
}
