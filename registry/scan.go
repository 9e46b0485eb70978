package registry

import (
	"context"
	"io"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// ScanKind is what a scan shows.
type ScanKind string

// The kinds of scans.
const (
	// ScanNotice: what hung on the notice board; it was public.
	ScanNotice ScanKind = "notice"
	// ScanTally: the papers of a vote and their tally, which name owners; seen only with ReadVotePapers.
	ScanTally ScanKind = "tally"
)

// ScanKinds lists the kinds of scans.
func ScanKinds() []Choice {
	return []Choice{{string(ScanTally), "表决票和汇总表"}, {string(ScanNotice), "公示照片"}}
}

// Scan is a scanned paper or a photo that belongs to a row of the register.
type Scan struct {
	// Kind is what it shows, File the bytes, On the day on which it was handed in.
	Kind ScanKind      `json:"kind" privacy:"public"`
	File files.Stored  `json:"file"`
	On   calendar.Date `json:"on"`
	// Withdrawn is why it was taken back, "" if it stands. Nobody opens a withdrawn one.
	Withdrawn string `json:"withdrawn,omitempty" privacy:"internal"`
}

// maxScans is how many scans a row holds, withdrawn ones too.
const maxScans = 20

// mayOpen reports whether an actor may open the scan: what names owners, only with ReadVotePapers, whatever else he sees of the row.
func (s *Service) mayOpen(ctx context.Context, by policy.Actor, kind ScanKind, keys []string) (bool, error) {
	if kind != ScanTally {
		return true, nil
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadVotePapers)
	return err == nil && scope.Covers(keys, s.On(ctx)), err
}

// addScan takes an upload in behind the others.
func (s *Service) addScan(ctx context.Context, meta store.Meta, list []Scan, kind ScanKind, upload *files.Upload, kinds []ScanKind) ([]Scan, error) {
	var bad faults
	if !slices.Contains(kinds, kind) {
		bad.add("kind", "请选择是什么")
	}
	if upload == nil {
		bad.add("file", "请选择文件")
	} else if kind == ScanNotice && !upload.Kind.Image() {
		bad.add("file", "公示照片只收 JPG、PNG，现在是%s", upload.Kind.Title())
	}
	if len(list) >= maxScans {
		bad.add("file", "已有 %d 份，不能再加", len(list))
	}
	if err := bad.err("registry.addScan"); err != nil {
		return nil, err
	}
	stored, err := files.NewKeeper(s.db, "").Keep(ctx, meta, upload)
	return append(slices.Clone(list), Scan{Kind: kind, File: stored, On: s.Today()}), err
}

// withdrawScan takes the nth scan back with a reason.
func withdrawScan(list []Scan, n int, why string) ([]Scan, error) {
	if n < 0 || n >= len(list) {
		return nil, fault.New("registry.withdrawScan", fault.NotFound, "没有找到这份扫描件")
	}
	var bad faults
	if err := withdraw(&list, n, func(s *Scan) *string { return &s.Withdrawn }, why, &bad); err != nil {
		return nil, err
	}
	return list, bad.err("registry.withdrawScan")
}

// openScan opens the nth scan. Returns NotFound for one that is withdrawn, not there, or not for the actor.
func (s *Service) openScan(ctx context.Context, by policy.Actor, list []Scan, n int, keys []string) (io.ReadSeekCloser, int64, files.Stored, error) {
	const op = "registry.openScan"
	if n < 0 || n >= len(list) || list[n].Withdrawn != "" {
		return nil, 0, files.Stored{}, fault.New(op, fault.NotFound, "没有找到这份扫描件")
	}
	if may, err := s.mayOpen(ctx, by, list[n].Kind, keys); err != nil || !may {
		return nil, 0, files.Stored{}, fault.Wrap(op, fault.NotFound, "没有找到这份扫描件", err)
	}
	file := list[n].File
	hash := file.Original
	if file.Shown != "" {
		hash = file.Shown
	}
	r, size, err := files.NewKeeper(s.db, "").Open(ctx, hash)
	return r, size, file, err
}

// voteFor loads a vote of a project of the actor's scope for an action. Returns Forbidden and NotFound.
func (s *Service) voteFor(ctx context.Context, by policy.Actor, action policy.Action, project, id string) (store.Doc[Vote], []string, error) {
	const op = "registry.vote"
	p, err := s.projectFor(ctx, by, action, project)
	if err != nil {
		return store.Doc[Vote]{}, nil, err
	}
	now, err := s.votes.Load(ctx, id)
	if err == nil && now.State.Project != project {
		err = fault.New(op, fault.NotFound, "")
	}
	if err != nil {
		return store.Doc[Vote]{}, nil, fault.Wrap(op, "", "没有找到这次表决", err)
	}
	return now, p.State.keysOn(p.ID, s.On(ctx)), nil
}

// OneVote returns a vote of a project of the actor's scope and tells whether he may open the papers that name owners. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) OneVote(ctx context.Context, by policy.Actor, project, id string) (row VoteRow, named bool, err error) {
	d, keys, err := s.voteFor(ctx, by, policy.ReadRegister, project, id)
	if err != nil {
		return VoteRow{}, false, err
	}
	named, err = s.mayOpen(ctx, by, ScanTally, keys)
	return VoteRow{d.ID, d.Seq, d.State}, named, err
}

// AddVoteScan takes a scan of a vote in: a PDF or a photo. Returns Forbidden without WriteRegister, NotFound, Invalid (kind, file), Conflict if seq is not the last change.
func (s *Service) AddVoteScan(ctx context.Context, by policy.Actor, project, id string, seq int64, kind ScanKind, upload *files.Upload) error {
	return s.changeVoteScans(ctx, by, project, id, seq, "交扫描件", func(meta store.Meta, list []Scan) ([]Scan, error) {
		return s.addScan(ctx, meta, list, kind, upload, []ScanKind{ScanTally, ScanNotice})
	})
}

// WithdrawVoteScan takes the nth scan of a vote back; n counts from 0. Returns as AddVoteScan, NotFound for one that there is not, Invalid for the reason, Conflict if it is withdrawn already.
func (s *Service) WithdrawVoteScan(ctx context.Context, by policy.Actor, project, id string, seq int64, n int, why string) error {
	return s.changeVoteScans(ctx, by, project, id, seq, why, func(_ store.Meta, list []Scan) ([]Scan, error) { return withdrawScan(list, n, why) })
}

func (s *Service) changeVoteScans(ctx context.Context, by policy.Actor, project, id string, seq int64, why string, f func(store.Meta, []Scan) ([]Scan, error)) error {
	now, _, err := s.voteFor(ctx, by, policy.WriteRegister, project, id)
	if err != nil {
		return err
	}
	if now.Seq != seq {
		return overtaken("registry.changeVoteScans")
	}
	meta := s.meta(by, policy.WriteRegister, why)
	if now.State.Scans, err = f(meta, now.State.Scans); err != nil {
		return err
	}
	_, err = s.votes.Commit(ctx, meta, id, seq, now.State)
	return err
}

// OpenVoteScan opens the nth scan of a vote. Returns Forbidden without ReadRegister, NotFound also for papers that name owners without ReadVotePapers, and for withdrawn ones.
func (s *Service) OpenVoteScan(ctx context.Context, by policy.Actor, project, id string, n int) (io.ReadSeekCloser, int64, files.Stored, error) {
	d, keys, err := s.voteFor(ctx, by, policy.ReadRegister, project, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	return s.openScan(ctx, by, d.State.Scans, n, keys)
}

// revenueFor loads a half-year of a project of the actor's scope for an action. Returns Forbidden and NotFound.
func (s *Service) revenueFor(ctx context.Context, by policy.Actor, action policy.Action, project, half string) (store.Doc[Revenue], error) {
	if _, err := s.projectFor(ctx, by, action, project); err != nil {
		return store.Doc[Revenue]{}, err
	}
	d, err := s.revenues.Load(ctx, revenueID(project, half))
	if err != nil {
		return d, fault.Wrap("registry.revenue", "", "没有找到这个半年的公共收益", err)
	}
	return d, nil
}

// OneRevenue returns a half-year of a project of the actor's scope. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) OneRevenue(ctx context.Context, by policy.Actor, project, half string) (RevenueRow, error) {
	d, err := s.revenueFor(ctx, by, policy.ReadRegister, project, half)
	return RevenueRow{d.Seq, d.State}, err
}

// AddRevenuePhoto takes a photo of the public notice of a half-year in. Returns Forbidden without WriteRegister, NotFound, Invalid (file), Conflict if seq is not the last change or nothing was shown
// to the owners yet.
func (s *Service) AddRevenuePhoto(ctx context.Context, by policy.Actor, project, half string, seq int64, upload *files.Upload) error {
	return s.changeRevenuePhotos(ctx, by, project, half, seq, "交公示照片", func(meta store.Meta, r *Revenue) (err error) {
		if r.Published.IsZero() {
			return fault.New("registry.AddRevenuePhoto", fault.Conflict, HalfText(half)+"的公共收益还没有登记公示，请先登记公示日期、地点和天数")
		}
		r.Photos, err = s.addScan(ctx, meta, r.Photos, ScanNotice, upload, []ScanKind{ScanNotice})
		return err
	})
}

// WithdrawRevenuePhoto takes the nth photo back; n counts from 0. Returns as AddRevenuePhoto, NotFound for one that there is not, Invalid for the reason.
func (s *Service) WithdrawRevenuePhoto(ctx context.Context, by policy.Actor, project, half string, seq int64, n int, why string) error {
	return s.changeRevenuePhotos(ctx, by, project, half, seq, why, func(_ store.Meta, r *Revenue) (err error) {
		r.Photos, err = withdrawScan(r.Photos, n, why)
		return err
	})
}

func (s *Service) changeRevenuePhotos(ctx context.Context, by policy.Actor, project, half string, seq int64, why string, f func(store.Meta, *Revenue) error) error {
	now, err := s.revenueFor(ctx, by, policy.WriteRegister, project, half)
	if err != nil {
		return err
	}
	if now.Seq != seq {
		return overtaken("registry.changeRevenuePhotos")
	}
	meta := s.meta(by, policy.WriteRegister, why)
	if err := f(meta, &now.State); err != nil {
		return err
	}
	_, err = s.revenues.Commit(ctx, meta, now.ID, seq, now.State)
	return err
}

// OpenRevenuePhoto opens the nth photo of a half-year. Returns Forbidden without ReadRegister, NotFound also for a withdrawn one.
func (s *Service) OpenRevenuePhoto(ctx context.Context, by policy.Actor, project, half string, n int) (io.ReadSeekCloser, int64, files.Stored, error) {
	d, err := s.revenueFor(ctx, by, policy.ReadRegister, project, half)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	return s.openScan(ctx, by, d.State.Photos, n, nil)
}
