package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Route is one row of the route table.
type Route struct {
	// Method is GET, POST, PUT or DELETE. A GET route answers HEAD too.
	Method string
	// Path is a Fiber path pattern.
	Path string
	// Action is the right that the route asks for; open pages say policy.Public.
	Action policy.Action
	// Or is another right that opens the route too; what it reaches, the service narrows. "" for none.
	Or policy.Action
	// Knows is the right to look back at an open page; "" if Action says it.
	Knows policy.Action
	// Handler answers for the actor, who has the right.
	Handler func(c *fiber.Ctx, by policy.Actor) error
	// Plain marks a route that is no page: no session is looked up and nothing is logged when it succeeds (assets, health).
	Plain bool
	// JSON marks a row of the API: failures are problem+json, and a change is proved by the session's cookie and same-site headers, not by a form token.
	JSON bool
	// Upload is the largest body in bytes of a route that takes files; its handler reads the form with readForm, which checks the form token. 0: no files.
	Upload int
}

// table is every route there is. A new page gets a row here and nowhere else; CONTRIBUTING says what else to touch.
func (s *Server) table() ([]Route, error) {
	const get, post = fiber.MethodGet, fiber.MethodPost
	rows := []Route{
		{Method: get, Path: "/", Action: policy.Public, Handler: s.ranking},
		{Method: get, Path: "/stars.csv", Action: policy.Public, Handler: s.rankingCSV},
		{Method: get, Path: "/stars/:id<maxLen(200)>", Action: policy.Public, Handler: s.star},
		{Method: get, Path: "/stars/:id<maxLen(200)>/report", Action: policy.Public, Handler: s.starReport},
		{Method: get, Path: "/stars/:id<maxLen(200)>/lines.csv", Action: policy.Public, Handler: s.starCSV},
		{Method: get, Path: "/stars/:id<maxLen(200)>/history.csv", Action: policy.Public, Handler: s.starHistoryCSV},
		{Method: get, Path: besidePath, Action: policy.Public, Handler: s.beside},
		{Method: get, Path: besidePath + ".csv", Action: policy.Public, Handler: s.besideCSV},
		{Method: get, Path: "/firms", Action: policy.Public, Handler: s.firms},
		{Method: get, Path: "/firms/:id<maxLen(600)>", Action: policy.Public, Handler: s.firmPage},
		{Method: get, Path: "/firms/:id<maxLen(600)>/report", Action: policy.Public, Handler: s.firmReport},
		{Method: get, Path: "/firms/:id<maxLen(600)>/projects.xlsx", Action: policy.Public, Handler: s.firmExcel},
		{Method: get, Path: "/firms/:id<maxLen(600)>/history.csv", Action: policy.Public, Handler: s.firmHistoryCSV},
		{Method: get, Path: "/method", Action: policy.Public, Handler: s.method},
		{Method: get, Path: "/open", Action: policy.Public, Handler: s.open},
		{Method: get, Path: "/help", Action: policy.Public, Handler: s.help},
		{Method: get, Path: "/type", Action: policy.Public, Handler: s.setType},

		{Method: get, Path: "/signin", Action: policy.OpenSession, Handler: s.signInPage},
		{Method: post, Path: "/signin", Action: policy.OpenSession, Handler: s.signIn},
		{Method: get, Path: "/setup", Action: policy.RunSetup, Handler: s.setupPage},
		{Method: post, Path: "/setup", Action: policy.RunSetup, Handler: s.setup},
		{Method: post, Path: "/signout", Action: policy.CloseSession, Handler: s.signOut},

		{Method: get, Path: "/todo", Action: policy.ReadTodo, Handler: s.todo},
		{Method: get, Path: urgingPath, Action: policy.ReadTodo, Handler: s.urging},
		{Method: get, Path: urgingPath + ".xlsx", Action: policy.ReadTodo, Handler: s.urgingExcel},
		{Method: get, Path: searchPath, Action: policy.ReadTodo, Handler: s.search},
		{Method: get, Path: "/account", Action: policy.ReadOwnAccount, Handler: s.account},
		{Method: post, Path: "/account/password", Action: policy.UpdateOwnAccount, Handler: s.changePassword},
		{Method: get, Path: "/account/totp", Action: policy.UpdateOwnAccount, Handler: s.totpPage},
		{Method: post, Path: "/account/totp", Action: policy.UpdateOwnAccount, Handler: s.enableTOTP},
		{Method: post, Path: "/account/signout-all", Action: policy.CloseSession, Handler: s.signOutAll},
		{Method: get, Path: "/rights", Action: policy.ReadRights, Handler: s.rights},

		{Method: get, Path: accountsPath, Action: policy.ReadAccounts, Handler: s.accounts},
		{Method: get, Path: "/admin/accounts/new", Action: policy.CreateAccount, Handler: s.newAccount},
		{Method: post, Path: "/admin/accounts/new", Action: policy.CreateAccount, Handler: s.createAccount},
	}
	rows = append(rows, s.rosterRoutes()...)
	rows = append(rows, []Route{
		{Method: get, Path: "/admin/accounts/:id", Action: policy.ReadAccounts, Handler: s.oneAccount},
		{Method: get, Path: "/admin/accounts/:id/order", Action: policy.AppointAccount, Handler: s.orderPage},
		{Method: post, Path: "/admin/accounts/:id/order", Action: policy.AppointAccount, Handler: s.appointByOrder},
		{Method: post, Path: "/admin/accounts/:id/rename", Action: policy.UpdateAccount, Handler: s.renameAccount},
		{Method: post, Path: "/admin/accounts/:id/appoint", Action: policy.AppointAccount, Handler: s.appoint},
		{Method: post, Path: "/admin/accounts/:id/end", Action: policy.AppointAccount, Handler: s.endAppointment},
		{Method: post, Path: "/admin/accounts/:id/disable", Action: policy.DisableAccount, Handler: s.disableAccount},
		{Method: post, Path: "/admin/accounts/:id/enable", Action: policy.DisableAccount, Handler: s.enableAccount},
		{Method: post, Path: "/admin/accounts/:id/reset", Action: policy.ResetAccount, Handler: s.resetAccount},
		{Method: get, Path: logPath, Action: policy.ReadLog, Handler: s.changeLog},
		{Method: get, Path: logPath + ".xlsx", Action: policy.ReadLog, Handler: s.logExcel},
		{Method: get, Path: logPath + "/:n<int>", Action: policy.VerifyLog, Handler: s.logChange},
		{Method: get, Path: logPath + "/:n<int>/proof.json", Action: policy.VerifyLog, Handler: s.logProof},
		{Method: get, Path: "/admin/parts", Action: policy.ReadSystem, Handler: s.parts},
		{Method: get, Path: modulesPath, Action: policy.ReadSystem, Handler: s.moduleList},

		{Method: get, Path: "/healthz", Action: policy.ReadHealth, Handler: s.health, Plain: true},
		{Method: get, Path: "/readyz", Action: policy.ReadHealth, Handler: s.readiness, Plain: true},
		{Method: get, Path: "/assets/:name", Action: policy.Public, Handler: s.asset, Plain: true},
		{Method: get, Path: "/favicon.ico", Action: policy.Public, Handler: s.favicon, Plain: true},
		{Method: get, Path: "/robots.txt", Action: policy.Public, Handler: s.robots, Plain: true},
	}...)
	rows = append(rows, s.evidenceRoutes()...)
	rows = append(rows, s.supervisionRoutes()...)
	apiRows, err := s.apiRoutes()
	if err != nil {
		return nil, err
	}
	rows = append(append(rows, s.templateRoutes()...), s.phraseRoutes()...)
	return slices.Concat(rows, s.homeRoutes(), s.rightsStudyRoutes(), s.emergencyRoutes(), s.ownDataRoutes(), s.viewRoutes(), s.witnessRoutes(), s.recordRoutes(), s.operationRoutes(), s.bundleRoutes(), s.plateRoutes(), s.standingRoutes(), s.cycleRoutes(), s.schemeRoutes(), s.approvalRoutes(), s.filingRoutes(), s.registerRoutes(), s.changeRoutes(), s.bodyRoutes(), s.matterRoutes(), s.returnRoutes(), s.tellRoutes(), s.repairRoutes(), s.vetoRoutes(), s.applicationRoutes(), s.collectionRoutes(), s.letterRoutes(), s.printerRoutes(), s.batchRoutes(), s.noticeRoutes(), s.responseRoutes(), s.deliberationRoutes(), s.wishRoutes(), s.memberRoutes(), s.pointRoutes(), s.surveyRoutes(), s.claimRoutes(), s.refundRoutes(), s.dunningRoutes(), s.fundRoutes(), s.handoverRoutes(), s.conductRoutes(), s.partyRoutes(), s.stationRoutes(), s.rectificationRoutes(), s.drawRoutes(), s.inspectionRoutes(), apiRows), nil
}

// knows reports whether there is a right.
func knows(rules *policy.Rules, action policy.Action) bool {
	_, ok := rules.Action(action)
	return ok
}

// register puts the table into Fiber. Returns Invalid for a row without action or handler, with an action that policy does not know, or twice.
func (s *Server) register() error {
	var bad []fault.Field
	seen := make(map[string]bool)
	rules := s.guard.Rules()
	for _, r := range s.routes {
		name := r.Method + " " + r.Path
		switch {
		case r.Action == "":
			bad = append(bad, fault.Field{Name: name, Message: "没有写明所需权限，不能登记"})
		case !knows(rules, r.Action):
			bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf("所需权限 %q 不在权限表中", r.Action)})
		case r.Or != "" && !knows(rules, r.Or):
			bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf("所需权限 %q 不在权限表中", r.Or)})
		case r.Handler == nil:
			bad = append(bad, fault.Field{Name: name, Message: "没有处理程序"})
		case seen[name]:
			bad = append(bad, fault.Field{Name: name, Message: "登记了两次"})
		}
		seen[name] = true
	}
	if len(bad) > 0 {
		return fault.InvalidFields("web.register", bad...)
	}
	for _, r := range s.routes {
		h := s.require(r)
		s.app.Add(r.Method, r.Path, h)
		if r.Method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.Path, h)
		}
	}
	return nil
}

// Routes returns the route table, sorted by path and method, for documentation and tests.
func (s *Server) Routes() []Route {
	out := slices.Clone(s.routes)
	slices.SortFunc(out, func(a, b Route) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	return out
}

// require wraps a row's handler: headers, session, cross-site check, right, module, handler, failure page, log and metrics, in this order.
func (s *Server) require(r Route) fiber.Handler {
	m, shows := s.watch.route(r), showsPersons(plainPattern(r.Path))
	changes, module := r.Method != fiber.MethodGet, s.moduleAt(r.Path)
	return func(c *fiber.Ctx) error {
		ask := request{route: &r, module: module, begun: s.clocks.Security()}
		err := s.answer(c, &ask, changes)
		if err != nil {
			err = s.fail(c, &ask, err)
		}
		s.done(c, m, &ask)
		s.looked(c, &ask, shows)
		return err
	}
}

// request is what is known about one request while it is answered.
type request struct {
	route  *Route
	module policy.Module
	by     policy.Actor
	begun  time.Time
	number string
	kind   fault.Kind
	cause  error
}

// answer checks and calls the handler; a panic becomes an Internal fault.
func (s *Server) answer(c *fiber.Ctx, ask *request, changes bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap("web.answer", fault.Internal, "", fmt.Errorf("panic: %v\n%s", p, stack()))
		}
	}()
	s.protect(c)
	if !ask.route.Plain {
		by, err := s.authenticate(c)
		if err != nil && !openToAll(ask.route.Action) {
			return err
		}
		ask.by = by
		if mark := by.Mark(); mark != "" {
			c.SetUserContext(store.Marked(c.UserContext(), mark))
		}
	}
	if changes {
		if err := s.sameSite(c); err != nil {
			return err
		}
	}
	if ask.route.Or == "" || !s.guard.Allow(ask.by, ask.route.Or) {
		if err := s.guard.Require(ask.by, ask.route.Action); err != nil {
			return err
		}
	}
	if err := inModule(ask.module); err != nil {
		return err
	}
	if err := s.takeBody(c, ask.route); err != nil {
		return err
	}
	if err := s.readable(c, ask.route); err != nil {
		return err
	}
	if changes && !ask.route.JSON && ask.route.Upload == 0 {
		if err := s.formToken(c); err != nil {
			return err
		}
	}
	if ask.route.JSON {
		c.Locals(callKey{}, &call{c: c, ask: ask})
	}
	if changes && ask.by.SignedIn() {
		defer s.openWork.forget(ask.by.ID)
	}
	if err := s.lookBack(c, ask.by, ask.route); err != nil {
		return err
	}
	if changes && !ask.route.JSON && ask.route.Upload == 0 {
		phrasedArgs(c)
	}
	if err := ask.route.Handler(c, ask.by); err != nil || !changes {
		return err
	}
	s.countPhrases(c, ask.by)
	return nil
}

// openToAll reports whether a page is there for people who are not signed in, so that a broken session must not close it.
func openToAll(a policy.Action) bool {
	return a == policy.Public || a == policy.OpenSession || a == policy.RunSetup || a == policy.ReadHealth || a == policy.VerifyResult
}
