// Package handover keeps handover inspections (承接查验): of one phase of a project, from the eight preconditions to the filing.
//
//  1. A phase of a project has at most one handover that is not cancelled.
//  2. What was found at one object is a stream of its own with the idempotency key of the phone that gave it; the handover's own stream holds everything else.
//  3. A handover keeps the checklist with which it was opened; a new version of the file changes none of them.
//  4. Developer and firm sign one digest of list, preconditions, documents, rooms and findings. Who signed something else has not signed.
//  5. A finding is the business of whom it names as liable: only what the developer or the firm has to repair holds the agreement up.
//  6. The seven documents are filed as every other filing is; a handover is filed with the receipt of one about its day of transfer, which belongs to no other.
//  7. A row belongs to who holds the project and to who built it on the day on which the handover was opened.
package handover

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// List is one version of the checklist: the file configs/handover.yaml.
type List struct {
	// Format is 1.
	Format int64 `yaml:"format,required" json:"format"`
	// Version names the version of the list, Title is what people call it.
	Version string `yaml:"handover,required" json:"handover" privacy:"public"`
	Title   string `yaml:"title,required" json:"title" privacy:"public"`
	// Basis is where the list comes from; Proposal says that nobody has adopted it yet.
	Basis    string `yaml:"basis,required" json:"basis" privacy:"public"`
	Proposal bool   `yaml:"proposal" json:"proposal,omitempty"`
	// Conditions must hold before anybody inspects, Documents are what the developer hands over before.
	Conditions []Entry `yaml:"conditions,required" json:"conditions"`
	Documents  []Entry `yaml:"documents,required" json:"documents"`
	// Groups hold the objects in the order of the walk.
	Groups []Group `yaml:"groups,required" json:"groups"`
}

// Entry is one precondition or document.
type Entry struct {
	// ID is unique in its part of the list, Name is what must hold or be there.
	ID   string `yaml:"id,required" json:"id" privacy:"public"`
	Name string `yaml:"name,required" json:"name" privacy:"public"`
}

// Group is one of the three groups of objects.
type Group struct {
	// ID is unique in the list, Name a heading.
	ID   string `yaml:"id,required" json:"id" privacy:"public"`
	Name string `yaml:"name,required" json:"name" privacy:"public"`
	// Site: the objects are inspected once for the phase, not building by building.
	Site bool `yaml:"site" json:"site,omitempty"`
	// Objects are what is looked at.
	Objects []Object `yaml:"objects,required" json:"objects"`
}

// Object is what is looked at, and how.
type Object struct {
	// ID is unique in the list, Name is the object: 屋顶.
	ID   string `yaml:"id,required" json:"id" privacy:"public"`
	Name string `yaml:"name,required" json:"name" privacy:"public"`
	// Sentence is what must hold.
	Sentence string `yaml:"sentence,required" json:"sentence" privacy:"public"`
	// Method is one of Methods.
	Method string `yaml:"method,required" json:"method" privacy:"public"`
	// Kinds are the kinds of buildings that have it (registry.BuildingKind); none: all of them. Objects of the site have none.
	Kinds []string `yaml:"kinds" json:"kinds,omitempty" privacy:"public"`
}

// Methods are the ways in which objects are inspected (承接查验办法 art. 18).
func Methods() []string { return []string{"核对", "观察", "使用", "检测", "试验"} }

// The bounds of a list: what a handover says of it must fit into one record.
const (
	maxEntries = 20
	maxObjects = 90
	maxName    = 60
	maxText    = 120
	maxStored  = 56 * 1024
)

var entryID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,23}$`)

// Hash is the fingerprint of a file, under which the list is kept once a handover was opened with it.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ParseList reads configs/handover.yaml strictly. Returns Invalid with every mistake at file:line:column.
func ParseList(file string, data []byte) (List, error) {
	var l List
	doc := yamlstrict.Decode(file, data, &l)
	if doc.Err() == nil {
		l.check(doc)
	}
	return l, doc.Err()
}

// check notes what the form of the file allows but a list does not.
func (l *List) check(doc *yamlstrict.Document) {
	if l.Format != 1 {
		doc.Add("format", fmt.Sprintf("format 只能是 1，现在是 %d", l.Format))
	}
	l.checkEntries(doc, "conditions", l.Conditions)
	l.checkEntries(doc, "documents", l.Documents)
	seen := map[string]bool{}
	count := 0
	for i, g := range l.Groups {
		path := fmt.Sprintf("groups.%d", i)
		checkName(doc, path, g.ID, g.Name, seen)
		if len(g.Objects) == 0 {
			doc.Add(path+".objects", "“"+g.Name+"”没有查验对象")
		}
		for k, o := range g.Objects {
			l.checkObject(doc, fmt.Sprintf("%s.objects.%d", path, k), g, o, seen)
			count++
		}
	}
	if count > maxObjects {
		doc.Add("groups", fmt.Sprintf("查验对象最多 %d 个，现在有 %d 个", maxObjects, count))
	}
	if raw, err := json.Marshal(l); err != nil || len(raw) > maxStored {
		doc.Add("groups", fmt.Sprintf("这张清单有 %d 字节，最多 %d 字节，请缩短文字", len(raw), maxStored))
	}
}

func (l *List) checkEntries(doc *yamlstrict.Document, part string, entries []Entry) {
	seen := map[string]bool{}
	for i, e := range entries {
		checkName(doc, fmt.Sprintf("%s.%d", part, i), e.ID, e.Name, seen)
	}
	if n := len(entries); n == 0 || n > maxEntries {
		doc.Add(part, fmt.Sprintf("%s 要有 1 至 %d 项，现在有 %d 项", part, maxEntries, n))
	}
}

// checkName checks id and name of an entry; no id may stand twice.
func checkName(doc *yamlstrict.Document, path, id, name string, seen map[string]bool) {
	if !entryID.MatchString(id) {
		doc.Add(path+".id", fmt.Sprintf("编号只能用小写字母、数字和下划线，以字母开头，最多 24 位，现在是 %q", id))
	}
	if seen[id] {
		doc.Add(path+".id", "编号 "+id+" 写了两次")
	}
	seen[id] = true
	if n := len([]rune(name)); n == 0 || n > maxName {
		doc.Add(path+".name", fmt.Sprintf("name 要有 1 至 %d 个字，现在有 %d 个", maxName, n))
	}
}

func (l *List) checkObject(doc *yamlstrict.Document, path string, g Group, o Object, seen map[string]bool) {
	checkName(doc, path, o.ID, o.Name, seen)
	if n := len([]rune(o.Sentence)); n == 0 || n > maxText {
		doc.Add(path+".sentence", fmt.Sprintf("sentence 要有 1 至 %d 个字，现在有 %d 个", maxText, n))
	}
	if !slices.Contains(Methods(), o.Method) {
		doc.Add(path+".method", fmt.Sprintf("查验方法只能是核对、观察、使用、检测、试验，现在是 %q", o.Method))
	}
	if g.Site && len(o.Kinds) > 0 {
		doc.Add(path+".kinds", "按分期只查一次的对象不写 kinds")
	}
	for _, kind := range o.Kinds {
		if !slices.ContainsFunc(registry.BuildingKinds(), func(c registry.Choice) bool { return c.ID == kind }) {
			doc.Add(path+".kinds", fmt.Sprintf("没有 %q 这种楼栋", kind))
		}
	}
}

// Site is a building of a handover as it was when the handover was opened.
type Site struct {
	// ID is the id of the building in its project, Name what people call it, Kind what it is.
	ID   string                `json:"id" privacy:"public"`
	Name string                `json:"name" privacy:"public"`
	Kind registry.BuildingKind `json:"kind" privacy:"public"`
}

// Item is one object at one place: what is answered on the walk.
type Item struct {
	// ID is <building>.<object>, or site.<object> for what belongs to the whole phase.
	ID string
	// Where is the name of the building, or 小区; Group the heading.
	Where, Group string
	Object
}

// siteID stands for the whole phase in the id of an item.
const siteID = "site"

// Items are what is inspected in some buildings, in the order of the walk: building by building, then what belongs to the whole phase.
func (l *List) Items(buildings []Site) []Item {
	var out []Item
	for _, b := range buildings {
		for _, g := range l.Groups {
			for _, o := range g.Objects {
				if !g.Site && (len(o.Kinds) == 0 || slices.Contains(o.Kinds, string(b.Kind))) {
					out = append(out, Item{b.ID + "." + o.ID, b.Name, g.Name, o})
				}
			}
		}
	}
	for _, g := range l.Groups {
		for _, o := range g.Objects {
			if g.Site {
				out = append(out, Item{siteID + "." + o.ID, "小区", g.Name, o})
			}
		}
	}
	return out
}
