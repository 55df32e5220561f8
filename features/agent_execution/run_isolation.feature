@agent_execution
Feature: Customers who run agents concurrently see only their own data
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let customers run agents on confidential data without a platform of their own
  Value impact:     Customers can let the platform read everything that they own
  Strategic impact: One leak between tenants would end the business

  @AEC-03 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.live_events @needs.cloud_accounts
  Rule: Runs of different customers at the same time never mix

    @gate
    Scenario: Ten customers at the same time each get their own result
      Given ten customers with servers in the cloud
      And every user watches events
      When every user runs a cost analysis at the same time
      Then each customer's answer equals the savings in their own inventory
      And answers, events and stored runs show each customer only their own data

    @gate
    @needs.delegation
    Scenario: Runs that follow each other each use their own customer's data
      Given ten Mid customers with servers in the cloud and stored usage
      And every user watches events
      And every user has run a savings review at the same time
      When every user runs a savings review at the same time
      Then each customer's answer equals the savings in their own inventory
      And answers, events and stored runs show each customer only their own data

    @gate
    Scenario: Each customer reads why their own tool has failed
      Given Acme is a Mid customer
      And Acme has run an agent whose tool fails for a reason of its own
      And Borealis has run an agent whose tool fails for a reason of its own
      When Cumulus runs an agent whose tool fails for a reason of its own
      Then each customer reads the reason of their own failure

    @nightly
    @needs.accounts @needs.colleagues @needs.roles @needs.plans @needs.sessions @needs.conversations @needs.allowances
    @needs.tools @needs.cancellation @needs.notices @needs.live_events @needs.resume
    @needs.partner
    Scenario: Runs stay apart in whatever order customers act
      When customers of several organisations act in any order, and most of them run agents
      Then every action has the expected outcome
      And every user finds everything that they have written, and every event
