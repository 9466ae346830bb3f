package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/user"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

const userLong = `People who act for companies: who they are, what they may do, how they are let in and out.

  provodka user list company-1
  provodka user invite company-1 anna@example.ru --name "Анна Петрова" --roles owner
  provodka user roles company-1 user-1 --roles publisher,payer
  provodka user block company-1 user-1
  provodka user unblock company-1 user-1
  provodka user remove company-1 user-1
  provodka user reset anna@example.ru

Nobody is shown or told a password: "invite" and "reset" send a link by mail, and who follows
it sets one. The first user of a company has to be an owner, and an owner remains. Everything
goes through the API in the name of PROVODKA_API_KEY, which needs the role company (support
lists, invites, blocks and unblocks).`

// userFlags are those of what is done about users.
type userFlags struct {
	apiFlags
	name    string
	roles   []string
	removed bool
}

func newUserCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "user", Short: "Users of companies: list, invite, roles, block, remove, reset", Long: userLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserListCmd(env), newUserInviteCmd(env), newUserRolesCmd(env), newUserResetCmd(env))
	addUserStanding(cmd, env)
	return cmd
}

func newUserListCmd(env *Env) *cobra.Command {
	f := &userFlags{}
	cmd := &cobra.Command{
		Use: "list COMPANY", Short: "List the users of a company", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			c, err := f.client(env)
			if err != nil {
				return err
			}
			answer, err := c.Users.ListUsers(cmd.Context(), &userv1.ListUsersRequest{CompanyId: words[0], Removed: f.removed})
			if err != nil {
				return err
			}
			return env.printUsers(answer.GetUsers()...)
		},
	}
	f.addPlace(cmd)
	cmd.Flags().BoolVar(&f.removed, "removed", false, "also those who were removed")
	return cmd
}

func newUserInviteCmd(env *Env) *cobra.Command {
	f := &userFlags{}
	cmd := &cobra.Command{
		Use: "invite COMPANY EMAIL", Short: "Send somebody a link, or another one", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, words []string) error {
			if f.name == "" {
				return usagef("--name: what is the person called?")
			}
			c, err := f.client(env)
			if err != nil {
				return err
			}
			answer, err := c.Users.InviteUser(cmd.Context(), &userv1.InviteUserRequest{
				Key: f.key, CompanyId: words[0], Email: words[1], Name: f.name, Roles: f.roles,
			})
			if err != nil {
				return err
			}
			return env.printUsers(answer.GetUser())
		},
	}
	f.add(cmd)
	f.addRoles(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "what the person is called")
	return cmd
}

func (f *userFlags) addRoles(cmd *cobra.Command) {
	var names []string
	for _, r := range user.Roles() {
		names = append(names, r.Name)
	}
	cmd.Flags().StringSliceVar(&f.roles, "roles", nil, "what the person may do: "+strings.Join(names, ", "))
}

func newUserRolesCmd(env *Env) *cobra.Command {
	f := &userFlags{}
	cmd := &cobra.Command{
		Use: "roles COMPANY USER", Short: "Say what a user may do from now on", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, words []string) error {
			c, err := f.client(env)
			if err != nil {
				return err
			}
			answer, err := c.Users.ChangeRoles(cmd.Context(), &userv1.ChangeRolesRequest{Key: f.key, CompanyId: words[0], UserId: words[1], Roles: f.roles})
			if err != nil {
				return err
			}
			return env.printUsers(answer.GetUser())
		},
	}
	f.add(cmd)
	f.addRoles(cmd)
	return cmd
}

// addUserStanding adds what lets a user in or out.
func addUserStanding(parent *cobra.Command, env *Env) {
	for _, c := range []struct {
		use, short string
		do         func(*cobra.Command, *userFlags, []string) (*userv1.User, error)
	}{
		{"block", "End a user's sessions and let him in no more", func(cmd *cobra.Command, f *userFlags, words []string) (*userv1.User, error) {
			c, err := f.client(env)
			if err != nil {
				return nil, err
			}
			answer, err := c.Users.BlockUser(cmd.Context(), &userv1.BlockUserRequest{Key: f.key, CompanyId: words[0], UserId: words[1]})
			return answer.GetUser(), err
		}},
		{"unblock", "Let a blocked user in again", func(cmd *cobra.Command, f *userFlags, words []string) (*userv1.User, error) {
			c, err := f.client(env)
			if err != nil {
				return nil, err
			}
			answer, err := c.Users.UnblockUser(cmd.Context(), &userv1.UnblockUserRequest{Key: f.key, CompanyId: words[0], UserId: words[1]})
			return answer.GetUser(), err
		}},
		{"remove", "Take a user out of the company", func(cmd *cobra.Command, f *userFlags, words []string) (*userv1.User, error) {
			c, err := f.client(env)
			if err != nil {
				return nil, err
			}
			answer, err := c.Users.RemoveUser(cmd.Context(), &userv1.RemoveUserRequest{Key: f.key, CompanyId: words[0], UserId: words[1]})
			return answer.GetUser(), err
		}},
	} {
		f := &userFlags{}
		cmd := &cobra.Command{Use: c.use + " COMPANY USER", Short: c.short, Args: args(cobra.ExactArgs(2)), RunE: func(cmd *cobra.Command, words []string) error {
			u, err := c.do(cmd, f, words)
			if err != nil {
				return err
			}
			return env.printUsers(u)
		}}
		f.add(cmd)
		parent.AddCommand(cmd)
	}
}

func newUserResetCmd(env *Env) *cobra.Command {
	f := &userFlags{}
	cmd := &cobra.Command{
		Use: "reset EMAIL", Short: "Send a link by which a forgotten password is replaced", Args: args(cobra.ExactArgs(1)),
		Long: `Send a link by which a forgotten password is replaced; it also ends every pause after wrong
passwords. The answer is the same whether there is such a user: "user list" tells.`,
		RunE: func(cmd *cobra.Command, words []string) error {
			c, err := f.client(env)
			if err != nil {
				return err
			}
			if _, err = c.Users.RequestReset(cmd.Context(), &userv1.RequestResetRequest{Email: words[0]}); err == nil {
				env.say("if there is such a user, a link is on its way")
			}
			return err
		},
	}
	f.addPlace(cmd)
	return cmd
}

// userRow is a user as it is printed.
type userRow struct {
	ID          string   `json:"id"`
	Email       string   `json:"email"`
	Name        string   `json:"name"`
	State       string   `json:"state"`
	Roles       []string `json:"roles"`
	Undelivered bool     `json:"undelivered"`
	PausedUntil string   `json:"paused_until,omitempty"`
}

func (e *Env) printUsers(users ...*userv1.User) error {
	rows := []userRow{}
	for _, u := range users {
		r := userRow{ID: u.GetId(), Email: u.GetEmail(), Name: u.GetName(), State: u.GetState(), Roles: u.GetRoles(), Undelivered: u.GetUndelivered()}
		if u.GetPausedUntil() != nil {
			r.PausedUntil = u.GetPausedUntil().AsTime().Local().Format("2006-01-02 15:04:05")
		}
		rows = append(rows, r)
	}
	if e.json() {
		return e.printJSON(rows)
	}
	t := table.New("User", "State", "Roles", "Name", "Mail", "Note")
	for _, r := range rows {
		note := ""
		switch {
		case r.Undelivered:
			note = "the last mail was refused"
		case r.PausedUntil != "":
			note = "wrong passwords: paused until " + r.PausedUntil
		}
		t.Add(r.ID, r.State, strings.Join(r.Roles, ", "), r.Name, r.Email, orDash(note))
	}
	return t.Write(e.Out)
}
