/// One thread with a queue of work, which ends when the work does.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <thread>

namespace two_path {

/// What its executor is given runs on its thread, one piece after the other. An exception that leaves such a
/// piece ends the program: the state of the work is unknown then.
class WorkThread {
  public:
    WorkThread();
    WorkThread(const WorkThread&) = delete;
    WorkThread& operator=(const WorkThread&) = delete;
    ~WorkThread(); ///< as end()

    [[nodiscard]] boost::asio::io_context::executor_type executor() noexcept;
    /// Lets the thread end when all its work is done, and then calls `ended`, on that thread. Once.
    void finish(std::function<void()> ended);
    /// Drops what has not begun, and waits for what is running, and for `ended` to return.
    void end();

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    std::function<void()> ended_;
    std::thread thread_;
};

/// Two that hand work to each other: both end before the queue of either goes.
struct WorkThreads {
    WorkThreads() = default;
    WorkThreads(const WorkThreads&) = delete;
    WorkThreads& operator=(const WorkThreads&) = delete;
    ~WorkThreads() {
        worker.end();
        files.end();
    }

    WorkThread worker;
    WorkThread files;
};

} // namespace two_path
