package policy

import "strings"

// Action is one right, written resource.verb. A route, a command and a line of roles.csv all name the same Action. The zero value is
// no action: a route with it cannot be registered, and it is never allowed.
type Action string

// Resource returns the part before the dot.
func (a Action) Resource() string { r, _, _ := strings.Cut(string(a), "."); return r }

// Verb returns the part after the dot.
func (a Action) Verb() string { _, v, _ := strings.Cut(string(a), "."); return v }

// The actions. A new one gets a constant here, a row in Actions and at least one line in roles.csv.
const (
	// Public reads what anybody may read: ranking, star, method, open data, static files.
	Public Action = "public.read"
	// OpenSession is signing in.
	OpenSession Action = "session.open"
	// RunSetup sets the first administrator's password with the one-time setup token.
	RunSetup Action = "setup.run"
	// ReadHealth is /healthz and /readyz.
	ReadHealth Action = "health.read"

	// CloseSession is signing out here or on all own devices.
	CloseSession Action = "session.close"
	// ReadTodo is the landing page 我的待办.
	ReadTodo Action = "todo.read"
	// ReadHome is the page 我的小区 of owners and their committees; what each part of it shows, the right of that part decides.
	ReadHome Action = "home.read"
	// ReadOwnAccount shows one's own account, appointments and sessions.
	ReadOwnAccount Action = "own.read"
	// UpdateOwnAccount changes one's own password and second factor.
	UpdateOwnAccount Action = "own.update"
	// ReadRights shows the roles, their rights and why something is refused.
	ReadRights Action = "rights.read"

	// ReadAccounts lists accounts and opens one.
	ReadAccounts Action = "account.read"
	// CreateAccount opens an account for a person.
	CreateAccount Action = "account.create"
	// UpdateAccount corrects display name and unit.
	UpdateAccount Action = "account.update"
	// AppointAccount gives and ends appointments.
	AppointAccount Action = "account.appoint"
	// DisableAccount closes and reopens an account and ends its sessions.
	DisableAccount Action = "account.disable"
	// ResetAccount issues a one-time password and removes the second factor.
	ResetAccount Action = "account.reset"

	// ReadApprovals shows the approval chains and whether they and the other separated duties can be staffed.
	ReadApprovals Action = "approval.read"
	// SignApproval signs at one's level of an approval, records and confirms scans of signed papers, and names who signs while one is away.
	SignApproval Action = "approval.sign"

	// ReviewEmergency looks at the offices that others took in an emergency, and records whether it was proper.
	ReviewEmergency Action = "emergency.review"

	// AnswerDataRequest answers what people ask about their own personal data, and enters it for those without an account; never one's own.
	AnswerDataRequest Action = "privacy.answer"

	// ReadScheme shows a rating scheme.
	ReadScheme Action = "scheme.read"
	// CheckScheme lints a scheme that is handed in; nothing is stored.
	CheckScheme Action = "scheme.check"
	// ProposeScheme hands in a new version of a rating scheme, looks into it, sends it through its approval and gives it up.
	ProposeScheme Action = "scheme.propose"
	// WaiveScheme lets a refuted guarantee of a proposed version pass, with a reason; never the own version, and never alone.
	WaiveScheme Action = "scheme.waive"
	// AdoptScheme adopts a version that was signed, under a document number; never the own version.
	AdoptScheme Action = "scheme.adopt"
	// ReadEvaluation shows evaluations and results line by line within the scope.
	ReadEvaluation Action = "evaluation.read"
	// RunEvaluation starts an evaluation.
	RunEvaluation Action = "evaluation.run"
	// PublishEvaluation publishes the evaluation of a period; never by who let it run.
	PublishEvaluation Action = "evaluation.publish"
	// ReadPeriods shows the rating periods: what is missing, progress, preview.
	ReadPeriods Action = "period.read"
	// ReadBoards shows the boards of published periods within the scope; with ReadPeriods those of the others too.
	ReadBoards Action = "board.read"
	// ReadRanges shows within the scope how firmly results stand (敏感性区间) and what is near a cut; internal unless ranges.yaml names the document that makes the ranges public (practice.md §7).
	ReadRanges Action = "range.read"
	// ReadScorers shows how severely people score and whether scores bunch above a cut. For the supervisor only: it is no ranking of persons (practice.md §7).
	ReadScorers Action = "scorer.read"
	// ManagePeriod plans a rating period, opens and closes its window.
	ManagePeriod Action = "period.manage"
	// ReadObjection shows, within the scope, the scores of a quarter that firms were told before they are published, and the objections to them.
	ReadObjection Action = "objection.read"
	// ReadStanding shows the cases of 降星 and 摘牌 within the scope; a firm those of which it has notice.
	ReadStanding Action = "standing.read"
	// HandleStanding begins such cases, delivers notice and decision, and brings them before the joint review.
	HandleStanding Action = "standing.handle"
	// PleadStanding pleads for the firm and appeals against a decision.
	PleadStanding Action = "standing.plead"
	// HearStanding puts on record what of a pleading was heard; never by who drafted the case.
	HearStanding Action = "standing.hear"
	// AnswerStanding decides an appeal against a decision; never by who took part in it.
	AnswerStanding Action = "standing.answer"
	// ReadPlate shows and prints the plates (标牌) of stars within the scope.
	ReadPlate Action = "plate.read"
	// RaiseObjection objects to single lines of the firm's own scores, adds files and takes an objection back.
	RaiseObjection Action = "objection.raise"
	// AnswerObjection answers objections to lines that somebody else scored and reviewed.
	AnswerObjection Action = "objection.answer"
	// ReadApplication shows, within the scope, the applications for the star of a year.
	ReadApplication Action = "application.read"
	// ApplyStar applies for the firm's own compounds, completes and takes back.
	ApplyStar Action = "application.apply"
	// MakeRemark makes a remark on stars that are shown to the public, without an account.
	MakeRemark Action = "remark.make"
	// HandleRemark answers remarks of the public and reviews which of them everybody reads.
	HandleRemark Action = "remark.handle"
	// HoldStar records what the joint review keeps back of a star, and ends what was not completed in time.
	HoldStar Action = "application.hold"
	// ReadResponse shows what firms say publicly about their stars (企业说明) within the scope, also before it is reviewed.
	ReadResponse Action = "response.read"
	// WriteResponse writes, rewrites and takes back what the firm says about its own stars.
	WriteResponse Action = "response.write"
	// HideResponse takes down what a firm says.
	HideResponse Action = "response.hide"
	// ReadReturn shows, within the scope, the statistical returns (报表台) with the lists behind their numbers: counts, names of compounds and firms, no person.
	ReadReturn Action = "return.read"
	// CompileReturn makes drafts of returns, counts them anew, sends them to be checked, and corrects what was reported (制表).
	CompileReturn Action = "return.compile"
	// CheckReturn checks a return that another compiled (审核).
	CheckReturn Action = "return.check"
	// SignReturn signs a return that others compiled and checked, which freezes and reports it (负责人).
	SignReturn Action = "return.sign"
	// KeepReturnTemplate uploads the office's own workbook of a return.
	KeepReturnTemplate Action = "return.template"
	// KeepPaperTemplate uploads the office's own Word templates of papers.
	KeepPaperTemplate Action = "template.keep"
	// ReadSent shows, within the scope, the register of what goes out (发文登记): numbers, titles, addressees, days.
	ReadSent Action = "sent.read"
	// RecordSent takes document numbers, and records by hand what was sent to whom, with receipts.
	RecordSent Action = "sent.record"
	// SealPaper shows, within the scope, the approved papers that wait for their number and seal (文号、用印), gives the number with RecordSent, and records the seal.
	SealPaper Action = "sent.seal"
	// KeepPhrases keeps the phrases (常用语) of the bureau, for all offices or one.
	KeepPhrases Action = "phrase.keep"
	// ReadCollection shows, within the scope, the tasks of collection (收表任务) and what units sent.
	ReadCollection Action = "collection.read"
	// SendCollection hands tasks out, reminds, returns, merges, archives, and makes matters of hazards, for the actor's own office.
	SendCollection Action = "collection.send"
	// FillCollection signs for tasks and answers them, for the actor's own unit.
	FillCollection Action = "collection.fill"
	// ReadNotice shows the notices (站内通知) that one was sent, and signs for them.
	ReadNotice Action = "notice.read"
	// SendNotice writes, sends, urges and withdraws notices of the actor's own office, to people whose offices lie in its scope, and shows who has read them.
	SendNotice Action = "notice.send"
	// ReadMessage shows the outbox: what goes out by SMS, 政务微信 and mail, without addresses.
	ReadMessage Action = "message.read"
	// HandleMessage sends such a message again, or stops it.
	HandleMessage Action = "message.handle"
	// ReadCoach shows, within the scope, what a project can still do for its star, lets values be tried, and shows the tasks that were given for it.
	ReadCoach Action = "coach.read"
	// GiveCoachTask gives such an action to who manages the project, and judges what was done.
	GiveCoachTask Action = "coach.give"
	// DoCoachTask reports that it was done.
	DoCoachTask Action = "coach.do"
	// VerifyResult recomputes a result from its bundle.
	VerifyResult Action = "evaluation.verify"

	// ReadObservation shows observations within the scope.
	ReadObservation Action = "observation.read"
	// RecordObservation records, corrects and withdraws observations.
	RecordObservation Action = "observation.record"
	// ReviewObservation opens the queue of what others recorded and decides there: what two persons confirm with ConfirmObservation, party facts with ConfirmPartyFact.
	ReviewObservation Action = "observation.review"
	// ConfirmObservation confirms or returns what two persons are enough for; ReviewObservation is needed too.
	ConfirmObservation Action = "observation.confirm"
	// ReadPartyFact shows facts that party organisations confirm level by level before they are confirmed, and how they came about; without it only the
	// confirmed value is shown.
	ReadPartyFact Action = "partyfact.read"
	// RecordPartyFact records, corrects and withdraws such facts; RecordObservation is needed too.
	RecordPartyFact Action = "partyfact.record"
	// ConfirmPartyFact confirms or returns them at one's level; ReviewObservation is needed too.
	ConfirmPartyFact Action = "partyfact.confirm"

	// ReadVisit shows planned and finished visits within the scope.
	ReadVisit Action = "visit.read"
	// PlanVisit plans visits, moves them and takes them off the list.
	PlanVisit Action = "visit.plan"
	// DoVisit answers the sheet on site and signs it; only for visits that name the actor.
	DoVisit Action = "visit.do"
	// AssessVisit opens, answers and signs a 第三方测评 or 企业互评 that names the actor; it reaches no other visit (practice.md §3).
	AssessVisit Action = "visit.assess"
	// ReviewVisit accepts or returns a signed sheet.
	ReviewVisit Action = "visit.review"
	// ReadInspection shows administrative inspections (行政检查) and draws within the scope; a firm sees one once its notice is out.
	ReadInspection Action = "inspection.read"
	// PlanInspection plans inspections, sends them for approval, gives notice, tells and publishes results.
	PlanInspection Action = "inspection.plan"
	// DoInspection answers and signs the record on site; only for inspections that name the actor, and only with a valid certificate.
	DoInspection Action = "inspection.do"
	// DrawInspection prepares draws (双随机): freezes the lists, publishes the seed, draws.
	DrawInspection Action = "inspection.draw"
	// KeepCertificate enters certificates of enforcement (执法证) and their end.
	KeepCertificate Action = "certificate.keep"

	// ReadDeliberation shows deliberations (红色议事) within the scope: problems, topics, meetings, results, tasks.
	ReadDeliberation Action = "deliberation.read"
	// CollectProblem enters a problem that may be deliberated.
	CollectProblem Action = "deliberation.collect"
	// RunDeliberation words topics, enquires, calls meetings, enters minutes and results, gives tasks and confirms them.
	RunDeliberation Action = "deliberation.run"
	// PublishDeliberation reviews the words for the public and takes them down; never by who wrote them.
	PublishDeliberation Action = "deliberation.publish"
	// ForwardDeliberation hands a matter to a department and urges what is late, for the township.
	ForwardDeliberation Action = "deliberation.forward"
	// AnswerDeliberation reports on the tasks of one's own unit.
	AnswerDeliberation Action = "deliberation.answer"
	// ReadVeto shows the decisions of 一票否决 within the scope; a firm those of which it has notice.
	ReadVeto Action = "veto.read"
	// HandleVeto begins cases, delivers notice and decision, and brings them before the joint review.
	HandleVeto Action = "veto.handle"
	// PleadVeto pleads for the firm and objects to a decision.
	PleadVeto Action = "veto.plead"
	// HearVeto puts on record what of a pleading was heard; never by who drafted the case.
	HearVeto Action = "veto.hear"
	// AnswerVeto answers an objection to a decision; never by who took part in it.
	AnswerVeto Action = "veto.answer"
	// ReadRectification shows what is to be put right within the scope.
	ReadRectification Action = "rectification.read"
	// HandleRectification drafts and delivers the papers, decides about extensions, takes the rungs of the ladder and closes.
	HandleRectification Action = "rectification.handle"
	// AnswerRectification says for the firm what was done, and asks for more time.
	AnswerRectification Action = "rectification.answer"
	// LookRectification looks again at what the firm says to be put right.
	LookRectification Action = "rectification.look"

	// ReadRegister shows firms, projects, contracts and owners' bodies within the scope.
	ReadRegister Action = "register.read"
	// WriteRegister enters and corrects them.
	WriteRegister Action = "register.write"
	// ImportRegister enters many of them from Excel.
	ImportRegister Action = "register.import"
	// PrepareBody follows the founding of an owners' body for the preparatory group: group, candidates, public notice, result.
	PrepareBody Action = "ownersbody.prepare"
	// QualifyBody judges for the party organisation of the community whether candidates qualify; never by who put them forward.
	QualifyBody Action = "ownersbody.qualify"
	// ReadVotePapers opens the scanned papers of votes that name owners.
	ReadVotePapers Action = "votepaper.read"
	// RegisterParty says how the party is organised in a firm: form, branch, secretary, instructor, numbers.
	RegisterParty Action = "register.party"
	// ReadFiling shows filings within the scope.
	ReadFiling Action = "filing.read"
	// ApplyFiling drafts filings, hands them in, corrects and withdraws them.
	ApplyFiling Action = "filing.apply"
	// HandleFiling accepts filings, asks for corrections and refuses them; never by who filed.
	HandleFiling Action = "filing.handle"
	// AnswerFiling answers for the community what it was told of a filing.
	AnswerFiling Action = "filing.answer"
	// ReadCredit shows 失信信息 within the scope, as far as it counted.
	ReadCredit Action = "credit.read"
	// RecordCredit enters 失信信息 from decisions and judgments, corrects and withdraws it before it counts.
	RecordCredit Action = "credit.record"
	// ConfirmCredit confirms or returns it, answers objections, enters repairs, annuls; never by who entered it.
	ConfirmCredit Action = "credit.confirm"
	// ObjectCredit objects to an entry about oneself.
	ObjectCredit Action = "credit.object"
	// ReadMarks shows 行业评价记录 within the scope.
	ReadMarks Action = "mark.read"
	// RecordMark enters marks and corrections of marks.
	RecordMark Action = "mark.record"
	// ConfirmMark confirms or returns them, answers objections, annuls; never by who entered it.
	ConfirmMark Action = "mark.confirm"
	// ObjectMark objects to a mark about oneself.
	ObjectMark Action = "mark.object"
	// ReadHonours shows honours within the scope.
	ReadHonours Action = "honour.read"
	// RecordHonour enters honours.
	RecordHonour Action = "honour.record"
	// ConfirmHonour confirms, returns or annuls them; never by who entered it.
	ConfirmHonour Action = "honour.confirm"
	// ReadContacts shows names and phones of a firm's people unmasked.
	ReadContacts Action = "contact.read"
	// UpdateDivision adds, corrects and ends divisions.
	UpdateDivision Action = "division.update"

	// ReadFund shows the guarantee fund within the scope: rules, balances, movements, next dates; papers only for the whole county.
	ReadFund Action = "fund.read"
	// AssessFund computes what is due, accepts letters of guarantee, enters what courts freeze.
	AssessFund Action = "fund.assess"
	// BookFund records money that came into the bank account.
	BookFund Action = "fund.book"
	// ReverseFund reverses entries, records payments that came back, closes the month (月结), releases and pays out what courts froze; never by who entered it.
	ReverseFund Action = "fund.reverse"
	// ProposeFundRule proposes a version of the fund's rule.
	ProposeFundRule Action = "fundrule.propose"
	// AdoptFundRule puts a version in force or sets it aside; never by who proposed it.
	AdoptFundRule Action = "fundrule.adopt"

	// ReadClaim shows claims on the guarantee fund within the scope.
	ReadClaim Action = "claim.read"
	// ApplyClaim opens claims, gives the developer notice, hands documents and the final account in.
	ApplyClaim Action = "claim.apply"
	// AnswerClaim answers a warranty notice for the developer.
	AnswerClaim Action = "claim.answer"
	// HandleClaim urges the developer, checks claims on site and sends them through their approval, asks to replenish.
	HandleClaim Action = "claim.handle"
	// PayClaim pays approved repairs; never by who prepared or approved them.
	PayClaim Action = "claim.pay"
	// ReadRefund shows refunds of the guarantee fund within the scope.
	ReadRefund Action = "refund.read"
	// CheckRefund says for one's side what the joint check before a refund found.
	CheckRefund Action = "refund.check"
	// ObjectRefund objects to a refund and withdraws what one objected.
	ObjectRefund Action = "refund.object"
	// HandleRefund begins refunds, shows them, settles objections and sends them through their approval.
	HandleRefund Action = "refund.handle"
	// PayRefund pays approved refunds; never by who prepared or approved them.
	PayRefund Action = "refund.pay"
	// ReadHandover shows handover inspections within the scope.
	ReadHandover Action = "handover.read"
	// OpenHandover opens a handover inspection, says which preconditions hold and which documents were handed over, and gives it up.
	OpenHandover Action = "handover.open"
	// WalkHandover checks the preconditions, inspects, gives notice, inspects again, and takes over.
	WalkHandover Action = "handover.walk"
	// RepairHandover tells how a finding was repaired.
	RepairHandover Action = "handover.repair"
	// SignHandover signs the agreement for the developer or for the firm.
	SignHandover Action = "handover.sign"
	// FileHandover files a handover inspection.
	FileHandover Action = "handover.file"
	// WitnessHandover witnesses an agreement and compares its sealed paper for owners, community or bureau.
	WitnessHandover Action = "handover.witness"
	// MediateHandover records how a dispute of a handover is handled and how it ended.
	MediateHandover Action = "handover.mediate"

	// ReadStation shows 红色驿站, units, volunteer teams and community workers within the scope, persons masked.
	ReadStation Action = "station.read"
	// WriteStation enters and corrects them, makes duty rosters and takes bookings.
	WriteStation Action = "station.write"
	// ReadStaff shows names, phones and other personal columns of what ReadStation shows.
	ReadStaff Action = "staff.read"
	// ReserveTime books a room or service of a station without an account, looks the booking up and cancels it by its number.
	ReserveTime Action = "reserve.make"
	// ReadModel shows the selection of 红色达人 within the scope; everybody sees who is shown and named.
	ReadModel Action = "model.read"
	// RecommendModel recommends 红色达人 and records whether their names may be shown.
	RecommendModel Action = "model.recommend"
	// ReviewModel reviews recommendations; never one's own.
	ReviewModel Action = "model.review"
	// NameModel opens the publicity and names; never who recommended or reviewed.
	NameModel Action = "model.name"
	// ReadPaper shows all policy papers, also those that are not open to everybody.
	ReadPaper Action = "paper.read"
	// WritePaper keeps the library of policy papers.
	WritePaper Action = "paper.write"

	// ReadMatter shows matters within the scope, without who reported them; matters.yaml says who sees only what he reported.
	ReadMatter Action = "matter.read"
	// ReportMatter reports matters and has closed ones of one's own reopened.
	ReportMatter Action = "matter.report"
	// DispatchMatter gives matters to departments and decides about more time.
	DispatchMatter Action = "matter.dispatch"
	// HandleMatter accepts, refuses and answers matters for a department.
	HandleMatter Action = "matter.handle"
	// VerifyMatter verifies answers; never by who worked on the matter or reported it.
	VerifyMatter Action = "matter.verify"
	// ReadReporter shows who reported a matter.
	ReadReporter Action = "reporter.read"
	// ImportMatter brings orders of other systems (12345, 综治) in, with their deadlines and results.
	ImportMatter Action = "matter.import"
	// AskOpenly tells of a matter without an account, looks at it by its number and code and has it reopened.
	AskOpenly Action = "matter.ask"

	// ReadSurvey shows surveys of the owners' satisfaction within the scope; who answered what is kept nowhere.
	ReadSurvey Action = "survey.read"
	// RunSurvey prepares surveys, opens, extends, closes and cancels them, and prints the slips with the codes.
	RunSurvey Action = "survey.run"
	// DeliverSurvey shows which households were drawn and says that their slips were handed out, for the community.
	DeliverSurvey Action = "survey.deliver"
	// EnterSurvey enters answers on paper or from the list of households, for the bureau; never for the firm or the community.
	EnterSurvey Action = "survey.enter"
	// PublishSurvey publishes the result of a survey; never by who ran it or entered answers.
	PublishSurvey Action = "survey.publish"
	// AnswerSurvey answers a survey without an account, by the code of a slip.
	AnswerSurvey Action = "survey.answer"

	// ReadMatterFigures shows the boards and reports of matters: solved, satisfied, in time, with denominators, within the scope.
	ReadMatterFigures Action = "matterfigure.read"
	// ReadRepairs shows the repair logs (报修台账) within the scope, residents masked.
	ReadRepairs Action = "repair.read"
	// WriteRepairs enters repairs of one's own projects, one by one or by Excel.
	WriteRepairs Action = "repair.write"
	// CheckRepairs calls back the drawn repairs and records what was said; never for the firm.
	CheckRepairs Action = "repair.check"

	// ReadWish shows wishes (微心愿), offers and errands within the scope, residents masked.
	ReadWish Action = "wish.read"
	// AskWish asks for a wish without an account and looks at it, rates it and withdraws it by its number and code.
	AskWish Action = "wish.ask"
	// EnterWish enters wishes and errands for residents, and what they said of them when asked afterwards.
	EnterWish Action = "wish.enter"
	// ReadAsker shows who asked for a wish or an errand.
	ReadAsker Action = "asker.read"
	// DispatchWish accepts, refuses and dispatches wishes, decides about more time, confirms that they were fulfilled.
	DispatchWish Action = "wish.dispatch"
	// TakeWish takes wishes for one's own unit, team or firm, gives them back, and proves the service.
	TakeWish Action = "wish.take"
	// ReviewWish reviews the words that everybody sees and takes them down; never by who wrote them.
	ReviewWish Action = "wish.review"
	// WriteSupply enters what units, teams and firms offer to a community (供给清单); who serves for a unit or team writes its own only.
	WriteSupply Action = "supply.write"
	// DoErrand takes errands (代办) for the station of a community, or for the firm that was asked, receives documents against a receipt and gives them back.
	DoErrand Action = "errand.do"
	// ReadMember shows the in-service party members who reported to a community (在职党员报到), with their names; a unit those that it registered for itself. Party membership is sensitive: nobody else sees the list.
	ReadMember Action = "member.read"
	// WriteMember registers them and says that they left; a unit its own.
	WriteMember Action = "member.write"
	// ConfirmMember confirms that somebody reported, or not; never by who registered him.
	ConfirmMember Action = "member.confirm"
	// ReadMemberFigures shows counts of them and of what they did in a year, nobody by name; a unit its own.
	ReadMemberFigures Action = "memberfigure.read"
	// KeepPoints reverses points (积分) of units, teams and firms; never by who confirmed the service or entered its rating.
	KeepPoints Action = "points.keep"

	// ReadEvidence shows proof and its files within the scope.
	ReadEvidence Action = "evidence.read"
	// SubmitEvidence hands proof in, corrects and withdraws it.
	SubmitEvidence Action = "evidence.submit"
	// AcceptEvidence is the first review, by the community.
	AcceptEvidence Action = "evidence.accept"
	// ReviewEvidence is the bureau's review of what was flagged or drawn.
	ReviewEvidence Action = "evidence.review"
	// AuditEvidence is the random audit of what counts, and the answer to a firm that objects to what it took back.
	AuditEvidence Action = "evidence.audit"
	// ManageWindow opens and closes the windows in which proof is taken in.
	ManageWindow Action = "evidence.window"

	// ReadLog reads change records: who changed what, when and why.
	ReadLog Action = "log.read"
	// VerifyLog checks the hash chain, the Merkle log and the checkpoints.
	VerifyLog Action = "log.verify"
	// SignCheckpoint co-signs a checkpoint of the log.
	SignCheckpoint Action = "log.cosign"
	// ReadAccessLog reads the log of refused tries and sign-ins.
	ReadAccessLog Action = "accesslog.read"

	// ReadMetrics reads the Prometheus metrics through the application.
	ReadMetrics Action = "metrics.read"
	// ReadSystem shows version, configuration without secrets, and the findings of doctor.
	ReadSystem Action = "system.read"
	// ReloadRules loads roles.conf and roles.csv again.
	ReloadRules Action = "rules.reload"
	// RunBackup starts a backup.
	RunBackup Action = "backup.run"
	// AskJob lets a scheduled job run now, where that does no harm.
	AskJob Action = "job.ask"
	// RunJob is work that the running system does by itself: scheduled slots, follow-ups, the sweeper.
	RunJob Action = "job.run"
)

// What the program does while it starts. It is no right: nobody can be given it, and nothing asks for it.
const (
	// SeedDivisions puts the divisions of the configuration into an empty register.
	SeedDivisions = "division.seed"
	// RecordSettings records that a file of the configuration changed.
	RecordSettings = "settings.record"
)

// OwnWork names what the program does without a right, as the log shows it; "" for anything else.
func OwnWork(action string) string {
	switch action {
	case SeedDivisions:
		return "装入初始区划"
	case RecordSettings:
		return "记录配置文件的变更"
	}
	return ""
}

// ActionInfo describes one action.
type ActionInfo struct {
	// Action is the constant.
	Action Action
	// Name is Chinese, verb and object, for pages and for the 403 text.
	Name string
	// Open: may be given to people who are not signed in. A line that opens any other action to anonymous is refused at load.
	Open bool
}

// Actions returns every action there is, in the order of the constants.
func Actions() []ActionInfo {
	return []ActionInfo{
		{Public, "查看公开页面", true},
		{OpenSession, "登录", true},
		{RunSetup, "设置首个管理员密码", true},
		{ReadHealth, "查看服务是否正常", true},

		{CloseSession, "退出登录", false},
		{ReadTodo, "查看我的待办", false},
		{ReadHome, "查看我的小区", false},
		{ReadOwnAccount, "查看我的账号", false},
		{UpdateOwnAccount, "修改我的密码与动态口令", false},
		{ReadRights, "查看角色与权限", false},

		{ReadAccounts, "查看账号", false},
		{CreateAccount, "新建账号", false},
		{UpdateAccount, "修改账号资料", false},
		{AppointAccount, "任命与免去岗位", false},
		{DisableAccount, "停用与启用账号", false},
		{ResetAccount, "重置密码", false},

		{ReadApprovals, "查看审批流程与人员", false},
		{SignApproval, "签署审批", false},

		{ReadScheme, "查看评价方案", false},
		{CheckScheme, "检查评价方案", false},
		{ProposeScheme, "提出评价方案的新版本", false},
		{WaiveScheme, "放行评价方案不成立的保证", false},
		{AdoptScheme, "采用评价方案的新版本", false},
		{ReadEvaluation, "查看逐项得分", false},
		{RunEvaluation, "运行评价计算", false},
		{PublishEvaluation, "公布评价结果", false},
		{ReadPeriods, "查看评价周期与预览", false},
		{ReadBoards, "查看评价看板", false},
		{ReadRanges, "查看敏感性区间与临界", false},
		{ReadScorers, "查看打分的宽严与扎堆", false},
		{ManagePeriod, "开启与截止评价周期", false},
		{ReadObjection, "查看告知的得分与异议", false},
		{ReadStanding, "查看降星、摘牌", false},
		{HandleStanding, "办理降星、摘牌", false},
		{PleadStanding, "对降星、摘牌陈述申辩、申诉", false},
		{HearStanding, "听取降星、摘牌的陈述申辩", false},
		{AnswerStanding, "作出降星、摘牌的申诉决定", false},
		{ReadPlate, "查看、打印标牌", false},
		{RaiseObjection, "对得分提出异议", false},
		{AnswerObjection, "答复得分异议", false},
		{ReadApplication, "查看星级申报", false},
		{ApplyStar, "申报星级", false},
		{HoldStar, "登记联审结果", false},
		{ReadResponse, "查看企业说明", false},
		{WriteResponse, "撰写企业说明", false},
		{HideResponse, "撤下企业说明", false},
		{MakeRemark, "提出公示意见", true},
		{HandleRemark, "办理公示意见", false},
		{ReadReturn, "查看报表", false},
		{CompileReturn, "编制、更正报表", false},
		{CheckReturn, "审核报表", false},
		{SignReturn, "签发报表", false},
		{KeepReturnTemplate, "上传报表模板", false},
		{KeepPaperTemplate, "上传文书模板", false},
		{ReadSent, "查看发文登记", false},
		{RecordSent, "取文号、登记发送和送达回证", false},
		{SealPaper, "看等文号、用印的文书，登记用印", false},
		{KeepPhrases, "维护本局常用语", false},
		{ReadCollection, "查看收表任务", false},
		{SendCollection, "下发收表任务、催报和汇总", false},
		{FillCollection, "签收和填报收表任务", false},
		{ReadCoach, "查看争星晋位", false},
		{GiveCoachTask, "派争星任务", false},
		{DoCoachTask, "落实争星任务", false},
		{VerifyResult, "复算评价结果", true},

		{ReadObservation, "查看观察记录", false},
		{RecordObservation, "登记观察记录", false},
		{ReviewObservation, "复核观察记录", false},
		{ConfirmObservation, "确认一般观察记录", false},
		{ReadPartyFact, "查看党建事实的登记与确认经过", false},
		{RecordPartyFact, "登记党建事实", false},
		{ConfirmPartyFact, "逐级确认党建事实", false},

		{ReadVisit, "查看走访评价", false},
		{PlanVisit, "安排走访评价", false},
		{DoVisit, "走访评价打分", false},
		{AssessVisit, "参加第三方测评或者企业互评", false},
		{ReviewVisit, "复核走访评价表", false},
		{ReadInspection, "查看行政检查", false},
		{PlanInspection, "安排行政检查、发通知、告知和公开结果", false},
		{DoInspection, "现场检查并制作笔录", false},
		{DrawInspection, "双随机抽取", false},
		{KeepCertificate, "登记执法证", false},
		{ReadVeto, "查看一票否决认定", false},
		{HandleVeto, "办理一票否决认定", false},
		{PleadVeto, "对一票否决陈述申辩、提出异议", false},
		{HearVeto, "听取一票否决的陈述申辩", false},
		{AnswerVeto, "答复对一票否决认定的异议", false},
		{ReadRectification, "查看整改", false},
		{HandleRectification, "办理整改文书与升级措施", false},
		{AnswerRectification, "回复整改情况", false},
		{LookRectification, "复查整改", false},

		{ReadDeliberation, "查看社区议事", false},
		{CollectProblem, "收集议事问题", false},
		{RunDeliberation, "组织社区议事", false},
		{PublishDeliberation, "审核并公开议事结果", false},
		{ForwardDeliberation, "转办议事事项、督办任务", false},
		{AnswerDeliberation, "报告议事任务", false},

		{ReadRegister, "查看企业与小区登记", false},
		{WriteRegister, "登记企业、小区与合同", false},
		{ImportRegister, "从 Excel 导入登记", false},
		{PrepareBody, "筹备业主组织", false},
		{QualifyBody, "审查业主组织候选人资格", false},
		{ReadVotePapers, "查看业主大会表决票扫描件", false},
		{RegisterParty, "登记企业党组织", false},
		{ReadFiling, "查看登记备案", false},
		{ApplyFiling, "提交备案", false},
		{HandleFiling, "受理备案", false},
		{AnswerFiling, "答复备案告知", false},
		{ReadCredit, "查看失信信息", false},
		{RecordCredit, "登记失信信息", false},
		{ConfirmCredit, "核对失信信息、答复异议与修复", false},
		{ObjectCredit, "对失信信息提出异议", false},
		{ReadMarks, "查看行业评价记录", false},
		{RecordMark, "登记行业评价记录", false},
		{ConfirmMark, "核对行业评价记录、答复异议", false},
		{ObjectMark, "对行业评价记录提出异议", false},
		{ReadHonours, "查看表彰奖励", false},
		{RecordHonour, "登记表彰奖励", false},
		{ConfirmHonour, "核对表彰奖励", false},
		{ReadContacts, "查看企业联系人", false},
		{UpdateDivision, "修改行政区划", false},

		{ReadFund, "查看保修金", false},
		{AssessFund, "核定应缴保修金、登记保函与冻结", false},
		{BookFund, "登记保修金收款与利息", false},
		{ReverseFund, "冲正、登记退汇、月结关账，办理解冻、扣划", false},
		{ProposeFundRule, "填报保修金规则", false},
		{AdoptFundRule, "采用保修金规则", false},
		{ReadClaim, "查看保修金使用申请", false},
		{ApplyClaim, "申请使用保修金", false},
		{AnswerClaim, "答复保修通知", false},
		{HandleClaim, "办理保修金使用", false},
		{PayClaim, "支付维修费用", false},
		{ReadRefund, "查看保修金退还", false},
		{CheckRefund, "退还前联合查验", false},
		{ObjectRefund, "对保修金退还提出异议", false},
		{HandleRefund, "办理保修金退还", false},
		{PayRefund, "支付保修金退还", false},
		{ReadHandover, "查看承接查验", false},
		{OpenHandover, "办理承接查验的条件和资料", false},
		{WalkHandover, "承接查验与复验", false},
		{RepairHandover, "报告查验问题的整改", false},
		{SignHandover, "签承接查验协议", false},
		{FileHandover, "承接查验备案", false},
		{WitnessHandover, "见证承接查验、核对盖章原件", false},
		{MediateHandover, "登记承接查验争议的处理", false},

		{ReadStation, "查看红色驿站与社区队伍", false},
		{WriteStation, "登记红色驿站与社区队伍", false},
		{ReadStaff, "查看社区队伍的个人信息", false},
		{ReserveTime, "网上预约", true},
		{ReadModel, "查看红色达人推荐", false},
		{RecommendModel, "推荐红色达人", false},
		{ReviewModel, "审核红色达人", false},
		{NameModel, "公示与命名红色达人", false},
		{ReadPaper, "查看内部政策文件", false},
		{WritePaper, "管理政策文件", false},

		{ReadMatter, "查看事项", false},
		{ReportMatter, "上报事项", false},
		{DispatchMatter, "事项派单", false},
		{HandleMatter, "办理事项", false},
		{VerifyMatter, "核实事项", false},
		{ReadReporter, "查看事项的上报人", false},
		{ImportMatter, "导入其他平台工单", false},
		{AskOpenly, "网上反映问题", true},

		{ReadSurvey, "查看满意度调查", false},
		{RunSurvey, "组织满意度调查", false},
		{DeliverSurvey, "发放满意度调查答题码", false},
		{EnterSurvey, "录入满意度调查答卷", false},
		{PublishSurvey, "公布满意度调查结果", false},
		{AnswerSurvey, "填写满意度调查", true},

		{ReadMatterFigures, "查看事项看板与反馈表", false},
		{ReadRepairs, "查看报修台账", false},
		{WriteRepairs, "登记报修台账", false},
		{CheckRepairs, "回访报修", false},

		{ReadWish, "查看微心愿", false},
		{AskWish, "公众点单、查询与评单", true},
		{EnterWish, "代群众点单、登记代办", false},
		{ReadAsker, "查看点单人", false},
		{DispatchWish, "社区派单", false},
		{TakeWish, "接单与服务", false},
		{ReviewWish, "审核晒单", false},
		{WriteSupply, "登记供给清单", false},
		{DoErrand, "承办代办", false},
		{ReadMember, "查看在职党员报到", false},
		{WriteMember, "登记在职党员报到", false},
		{ConfirmMember, "确认在职党员报到", false},
		{ReadMemberFigures, "查看在职党员服务统计", false},
		{KeepPoints, "冲正积分", false},

		{ReadEvidence, "查看佐证材料", false},
		{SubmitEvidence, "提交佐证材料", false},
		{AcceptEvidence, "初审佐证材料", false},
		{ReviewEvidence, "复核佐证材料", false},
		{AuditEvidence, "抽查佐证材料", false},
		{ManageWindow, "开放与截止材料提交", false},

		{ReadLog, "查看变更记录", false},
		{VerifyLog, "校验变更日志", false},
		{AnswerDataRequest, "答复个人信息请求", false},
		{ReviewEmergency, "核查应急授权", false},
		{SignCheckpoint, "会签日志检查点", false},
		{ReadAccessLog, "查看访问记录", false},

		{ReadNotice, "查看站内通知", false},
		{SendNotice, "发站内通知、催办和撤回", false},

		{ReadMessage, "查看发件箱", false},
		{HandleMessage, "重发、停发消息", false},
		{ReadMetrics, "查看运行指标", false},
		{ReadSystem, "查看系统状态", false},
		{ReloadRules, "重新载入权限规则", false},
		{RunBackup, "执行备份", false},
		{AskJob, "提前运行定时任务", false},
		{RunJob, "执行定时任务", false},
	}
}
