#include "plugin/daemon_operations.hpp"

#include "plugin/server_identity.hpp"

namespace two_path {
namespace {

constexpr std::chrono::hours certificate_interval{24};

control::RetentionRules retention_rules(const Settings& settings) {
    const auto& retention = settings.retention;
    return {retention.sessions, retention.most_sessions, retention.unused_payloads, retention.payload_quota};
}

} // namespace

Result<std::unique_ptr<Operations>>
Operations::open(const Settings& settings, const control::CertificateFiles& certificate, Executors executors,
                 state::Store& store, const state::Admission& admission, const catalog::Payloads& payloads) {
    auto audit = control::AuditTrail::open(settings.state_dir / "audit", settings.audit_size, store.clock());
    if (!audit) return audit.error();
    auto webhook = control::Webhook::open(settings, executors, store, admission);
    if (!webhook) return webhook.error();
    auto retention =
        std::make_unique<control::Retention>(executors, store, payloads, retention_rules(settings));
    control::DoctorFacts facts{certificate.certificate, settings.https.names, settings.state_dir,
                               settings.ftp.advertise, 0};
    return std::unique_ptr<Operations>(new Operations(
        std::move(*audit), std::move(*webhook), std::move(retention),
        control::PayloadCheck(executors, store, payloads), std::move(facts), certificate, executors));
}

Operations::Operations(control::AuditTrail audit, std::unique_ptr<control::Webhook> webhook,
                       std::unique_ptr<control::Retention> retention, control::PayloadCheck payload_check,
                       control::DoctorFacts facts, control::CertificateFiles certificate,
                       const Executors& executors)
  : audit_(std::move(audit))
  , webhook_(std::move(webhook))
  , retention_(std::move(retention))
  , payload_check_(std::move(payload_check))
  , facts_(std::move(facts))
  , certificate_(std::move(certificate))
  , certificate_timer_(executors.worker) {}

void Operations::serve(control::Router& router, control::OperatorContext& context) {
    router.observe([this](const control::Request& request, const control::Response& response) {
        if (const auto entry = control::audit_entry(request, response)) audit_.add(*entry);
    });
    context.audit = &audit_;
    context.retention = retention_.get();
    context.doctor = &facts_;
    context.sessions.on_tampered([this](const std::string& release) { payload_check_.suspect(release); });
}

std::vector<std::function<awaitable<void>()>> Operations::tasks() {
    std::vector<std::function<awaitable<void>()>> all;
    if (webhook_) all.emplace_back([this] { return webhook_->run(); });
    all.emplace_back([this] { return retention_->run(); });
    all.emplace_back([this] { return watch_certificate(); });
    return all;
}

void Operations::stop() {
    if (webhook_) webhook_->stop();
    retention_->stop();
    payload_check_.stop();
    stopping_ = true;
    certificate_timer_.cancel();
}

awaitable<void> Operations::watch_certificate() {
    while (!stopping_) {
        warn_of_expiry(certificate_);
        certificate_timer_.expires_after(certificate_interval);
        boost::system::error_code ec;
        co_await certificate_timer_.async_wait(into(ec));
    }
}

void Operations::note(const std::string& action, const std::string& about) {
    audit_.add({"plugin", {}, action, about, 0, {}});
}

} // namespace two_path
