package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// Gauge is one figure of the business that is read when metrics are asked for.
type Gauge struct {
	// Name is the metric's name in snake_case, without the prefix redsteward_.
	Name string
	// Help is one English sentence.
	Help string
	// Title is what 运行状况 calls it, Chinese; "" shows it in the metrics only.
	Title string
	// Unit is one of the units of a gauge.
	Unit string
	// Read returns the value now, NaN if it cannot be read.
	Read func() float64
}

// observer counts and measures.
type observer struct {
	registry *prometheus.Registry
	gauges   []Gauge
	requests *prometheus.CounterVec
	faults   *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	unrouted *routeMetrics
}

func newObserver(gauges []Gauge) *observer {
	o := &observer{
		registry: prometheus.NewRegistry(), gauges: gauges,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redsteward_http_requests_total", Help: "Requests by route and class of status."}, []string{"route", "status"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redsteward_faults_total", Help: "Failed requests by route and kind of fault."}, []string{"route", "kind"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redsteward_http_request_seconds", Help: "Time to answer by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route"}),
	}
	o.registry.MustRegister(o.requests, o.faults, o.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, g := range gauges {
		o.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "redsteward_" + g.Name, Help: g.Help}, g.Read))
	}
	o.unrouted = o.route(unroutedRow)
	return o
}

// routeMetrics are the counters of one route, bound once.
type routeMetrics struct {
	name    string
	classes [6]prometheus.Counter
	seconds prometheus.Observer
}

func (o *observer) route(r Route) *routeMetrics {
	m := &routeMetrics{name: r.Method + " " + r.Path, seconds: o.seconds.WithLabelValues(r.Method + " " + r.Path)}
	for class := 1; class <= 5; class++ {
		m.classes[class] = o.requests.WithLabelValues(m.name, strconv.Itoa(class)+"xx")
	}
	return m
}

// serve runs the metrics port and returns how to stop it.
func (o *observer) serve(l net.Listener, failed chan<- error) func() {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() {
		limit, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(limit)
	}
}

// done counts, measures and logs one finished request. Reading public pages is logged at debug level: it says nothing that the counters do not.
func (s *Server) done(c *fiber.Ctx, m *routeMetrics, ask *request) {
	status := c.Response().StatusCode()
	took := s.clocks.Security().Sub(ask.begun)
	m.seconds.Observe(took.Seconds())
	if class := status / 100; class >= 1 && class <= 5 {
		m.classes[class].Inc()
	}
	if status >= 400 && ask.kind == "" { // huma refused the request before a handler saw it
		ask.kind = kindOfStatus(status)
	}
	level := slog.LevelDebug
	switch {
	case ask.kind == fault.Internal || ask.kind == fault.Unavailable:
		level = slog.LevelError
	case ask.kind != "":
		level = slog.LevelWarn
	case ask.by.SignedIn() || ask.route.Method != fiber.MethodGet:
		level = slog.LevelInfo
	}
	if ask.kind != "" {
		s.watch.faults.WithLabelValues(m.name, string(ask.kind)).Inc()
	}
	if s.access != nil && ask.kind == "" && ask.by.Mark() != "" {
		s.access.Write(policy.AccessEvent{At: s.clocks.Security(), Event: policy.EventEmergency, Actor: ask.by.ID, Action: ask.route.Action, Path: c.Path(), Rule: ask.by.Mark(), Source: c.Context().RemoteIP().String(), Number: s.number(ask)})
	}
	if mark := ask.by.OrderMark(); s.access != nil && ask.kind == "" && mark != "" && !openToAll(ask.route.Action) {
		s.access.Write(policy.AccessEvent{At: s.clocks.Security(), Event: policy.EventOrder, Actor: ask.by.ID, Action: ask.route.Action, Path: c.Path(), Rule: mark, Source: c.Context().RemoteIP().String(), Number: s.number(ask)})
	}
	if !s.log.Enabled(c.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", s.number(ask)), slog.String("actor", ask.by.ID), slog.String("action", string(ask.route.Action)),
		slog.String("method", c.Method()), slog.String("path", c.Path()), slog.Int("status", status), slog.Int64("took_us", took.Microseconds()),
	}
	if ask.kind != "" {
		attrs = append(attrs, slog.String("kind", string(ask.kind)))
	}
	if ask.cause != nil {
		attrs = append(attrs, slog.String("error", ask.cause.Error()))
	}
	s.log.LogAttrs(c.Context(), level, "request", attrs...)
}

// looked writes to the access log that somebody opened a page that shows personal data whole: shows is the right with which it does, "" for a page without.
func (s *Server) looked(c *fiber.Ctx, ask *request, shows policy.Action) {
	if s.access == nil || shows == "" || ask.kind != "" || ask.route.Method != fiber.MethodGet || !ask.by.SignedIn() || !s.guard.Allow(ask.by, shows) {
		return
	}
	s.access.Write(policy.AccessEvent{At: s.clocks.Security(), Event: policy.EventLooked, Actor: ask.by.ID, Action: shows, Path: c.Path(), Rule: ask.by.Mark(), Source: c.Context().RemoteIP().String(), Number: s.number(ask)})
}

// number returns the number of the request that a user can quote and that stands in the log.
func (s *Server) number(ask *request) string {
	if ask.number == "" {
		ask.number = s.started + "-" + strconv.FormatUint(s.counter.Add(1), 36)
	}
	return ask.number
}

// stack is the place of a panic, for the log.
func stack() string { return string(debug.Stack()) }
