#include "admin/scan_thread.h"

#include "platform/scheduling.h"

namespace coffees::admin {

ScanThread::ScanThread(const Executor& home)
    : home_(home), work_(1), guard_(work_.get_executor()), thread_([this] {
        platform::scheduling::give_way();
        work_.run();
      }) {}

void ScanThread::stop() {
  work_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace coffees::admin
