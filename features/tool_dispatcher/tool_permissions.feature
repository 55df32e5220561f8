@tool_dispatcher
Feature: Agents have the rights of their caller, and no more
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Sell more tools with each plan, and let owners decide who changes their cloud
  Value impact:     An agent never does for a user what the user is not allowed to do
  Strategic impact: Large organisations admit agents only if their own access rules hold for them

  @TLD-04 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A tool beyond the plan or role is refused before it runs

    @gate
    @needs.colleagues @needs.roles @needs.plans @needs.tools @needs.cloud_accounts
    Scenario Outline: An agent only uses tools of its caller's plan and role
      Given Acme is <a plan> customer with four idle servers in the cloud
      And <caller> is <a role>
      When <caller> runs an agent that tries every tool
      Then only the tools to <use> servers have run
      And each refusal names the missing permission and the plans and roles that include it
      And the published tool list allows <caller> only the tools to <use> servers

      Examples:
        | a plan        | caller      | a role    | use                          |
        | a Free        | Acme        | the owner | read                         |
        | an Early      | Acme        | the owner | read and label               |
        | a Mid         | Ada of Acme | an admin  | read, label and stop         |
        | a Mid         | Ben of Acme | a member  | read and label               |
        | an Enterprise | Acme        | the owner | read, label, stop and resize |
        | an Enterprise | Ben of Acme | a member  | read and label               |

    @gate
    @needs.colleagues @needs.roles @needs.plans @needs.tools @needs.cloud_accounts
    Scenario: A member's rights stay the same after an owner used the tools
      Given Acme is an Enterprise customer with four idle servers in the cloud
      And Ben of Acme is a member
      And Acme has run agents that try every tool on every worker
      When Ben of Acme runs an agent that tries every tool
      Then only the tools to read and label servers have run
      And each refusal names the missing permission and the plans and roles that include it

    @gate
    @needs.plans @needs.tools @needs.cloud_accounts @needs.delegation
    Scenario: An agent has no more rights when another one works for it
      Given Acme is a Free customer with four idle servers in the cloud
      When Acme runs an agent that has another one try every tool
      Then only the tools to read servers have run
      And each refusal names the missing permission and the plans and roles that include it

    @gate
    @needs.plans @needs.tools @needs.cloud_accounts
    Scenario Outline: A new plan brings or takes its tools at once
      Given Acme is <a plan> customer with four idle servers in the cloud
      And Acme has changed to <another> plan
      When Acme runs an agent that tries every tool
      Then only the tools to <use> servers have run
      And each refusal names the missing permission and the plans and roles that include it
      And the published tool list allows Acme only the tools to <use> servers

      Examples:
        | a plan        | another       | use                          |
        | a Free        | an Enterprise | read, label, stop and resize |
        | an Enterprise | a Free        | read                         |

    @smoke
    @needs.plans
    @needs.partner
    Scenario: A refused call sends no request to the partner
      Given Acme is a Free customer
      And Borealis is a Mid customer
      And Borealis has run an agent that signs in to the partner
      When Acme runs an agent that signs in to the partner
      Then the partner has received one request from Borealis and none from Acme

    @nightly
    @needs.accounts @needs.colleagues @needs.roles @needs.plans @needs.sessions @needs.conversations @needs.allowances
    @needs.tools @needs.cancellation @needs.notices @needs.live_events @needs.resume
    @needs.partner
    Scenario: Rights follow plan and role in whatever order customers act
      When customers of several organisations act in any order, and most of them change plans and use tools
      Then every action has the expected outcome
      And every user finds everything that they have written, and every event
