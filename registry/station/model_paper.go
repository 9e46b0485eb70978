package station

import (
	"context"
	"io"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// ConsentPaper is the scan of the paper by which a person agrees that the name is shown. The paper names the person: who may not see the name may not open it, and its bytes are
// not kept for good. Once no selection names it (the consent was withdrawn, the selection came to nothing, the naming was taken back), the job that removes files removes them.
type ConsentPaper struct {
	// Name is what the sender called the file, which may be the person's name.
	Name string `json:"name" privacy:"pii"`
	// Kind and Size (bytes) are those of the file; Original and Shown are the hashes of its bytes and of the copy for pages, "" for none.
	Kind     files.Kind `json:"kind" privacy:"public"`
	Size     int64      `json:"size"`
	Original string     `json:"original" privacy:"internal"`
	Shown    string     `json:"shown,omitempty" privacy:"internal"`
	// Day is the day on which it was taken in.
	Day calendar.Date `json:"day"`
}

// stored is the file as its keeper knows it.
func (p *ConsentPaper) stored() files.Stored {
	return files.Stored{Name: p.Name, Kind: p.Kind, Size: p.Size, Original: p.Original, Shown: p.Shown}
}

// consentPaper takes the scan of a consent in. Returns Invalid with the field paper without an upload, for a sheet, and if no consent is recorded.
func (s *Service) consentPaper(ctx context.Context, by policy.Actor, m *Model, upload *files.Upload) (*ConsentPaper, error) {
	const op = "station.consentPaper"
	refuse := func(text string) (*ConsentPaper, error) {
		return nil, fault.InvalidFields(op, fault.Field{Name: "paper", Message: text})
	}
	switch {
	case !m.Consent:
		return refuse("本人没有同意公开姓名，先登记同意，再上传同意书")
	case upload == nil:
		return refuse("请选择同意书的扫描件（PDF、JPG 或 PNG）")
	case upload.Kind != files.PDF && !upload.Kind.Image():
		return refuse("“" + upload.Name + "”是" + upload.Kind.Title() + "，同意书要传 PDF、JPG 或 PNG")
	}
	file, err := s.files.KeepLoose(ctx, store.Meta{By: by.ID, Action: string(policy.RecommendModel)}, upload)
	if err != nil {
		return nil, err
	}
	return &ConsentPaper{Name: file.Name, Kind: file.Kind, Size: file.Size, Original: file.Original, Shown: file.Shown, Day: s.today()}, nil
}

// OpenConsent opens the scan of a consent. Returns Forbidden without ReadModel, NotFound outside the scope, for who may not see the name, and if there is none.
func (s *Service) OpenConsent(ctx context.Context, by policy.Actor, id string) (io.ReadSeekCloser, int64, files.Stored, error) {
	row, err := s.OneModel(ctx, by, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	if !row.Opens {
		return nil, 0, files.Stored{}, fault.New("station.OpenConsent", fault.NotFound, "没有找到要看的内容")
	}
	r, size, err := s.files.Open(ctx, row.Paper.Original)
	return r, size, row.Paper.stored(), err
}

// eachPerson yields the selections of a key of byPerson.
func (s *Service) eachPerson(ctx context.Context, key string, yield func(store.Doc[Model]) error) error {
	for ask := (store.Query{Index: byPerson, Key: key, Limit: store.MaxLimit}); ; {
		page, err := s.models.List(ctx, ask)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if err := yield(d); err != nil {
				return err
			}
		}
		if ask.After = page.Next; ask.After == "" {
			return nil
		}
	}
}

// Consents are the scans that selections hold, for the job that removes files. It asks for no right.
func (s *Service) Consents(ctx context.Context) ([]files.Stored, error) {
	var out []files.Stored
	err := s.eachPerson(ctx, paperKey, func(d store.Doc[Model]) error {
		if d.State.Paper != nil {
			out = append(out, d.State.Paper.stored())
		}
		return nil
	})
	return out, err
}

// ForgetModels destroys the names of those whose selection came to nothing; where it came from, what was told and why it was refused stays. A job of every night.
func (s *Service) ForgetModels(ctx context.Context, _ time.Time) error {
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "推荐没有通过或者已经撤回，姓名不再需要"}
	return s.eachPerson(ctx, goneKey, func(d store.Doc[Model]) error {
		if d.Purged {
			return nil
		}
		return s.db.Purge(ctx, meta, modelKind+"/"+d.ID)
	})
}
