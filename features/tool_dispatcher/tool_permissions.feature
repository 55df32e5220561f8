@tool_dispatcher
Feature: Agents may do what their customer may do, and no more
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Sell what a plan adds, and let owners decide who changes their cloud
  Value impact:     Nobody does through an agent what they may not do themselves
  Strategic impact: Rights that hold for agents, too, open the doors of large organisations

  @TLD-04 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A tool beyond the plan or the role is refused before it runs, with what is missing

    @gate
    Scenario Outline: An agent uses the tools of its caller's plan and role, and no others
      Given Acme is <a plan> customer with four idle servers in the cloud
      And <somebody> is <a role>
      When <somebody> has an agent try every tool
      Then the agent could <do> servers, and do nothing else to them
      And each refusal names the missing permission, and the plans and roles that have it
      And the published list of tools says the same

      Examples:
        | a plan        | somebody    | a role    | do                          |
        | a Free        | Acme        | the owner | read                        |
        | an Early      | Acme        | the owner | read and label              |
        | a Mid         | Ada of Acme | an admin  | read, label and stop        |
        | a Mid         | Ben of Acme | a member  | read and label              |
        | an Enterprise | Acme        | the owner | read, label, stop and resize |
        | an Enterprise | Ben of Acme | a member  | read and label              |

    @smoke
    Scenario: A partner hears nothing of a call that is refused
      Given Acme is a Free customer
      And Borealis is a Mid customer
      When Acme and Borealis each have an agent sign in at the partner
      Then the partner has heard from Borealis, and nothing from Acme
