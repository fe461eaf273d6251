#include "plugin/work_thread.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace two_path {

WorkThread::WorkThread()
  : guard_(context_.get_executor())
  , thread_([this] {
      context_.run();
      if (ended_) ended_();
  }) {}

WorkThread::~WorkThread() {
    end();
}

boost::asio::io_context::executor_type WorkThread::executor() noexcept {
    return context_.get_executor();
}

void WorkThread::finish(std::function<void()> ended) {
    auto last = [this, ended = std::move(ended)]() mutable {
        ended_ = std::move(ended);
        guard_.reset();
    };
    boost::asio::post(context_, std::move(last));
}

void WorkThread::end() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
}

} // namespace two_path
