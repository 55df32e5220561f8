@agent_execution
Feature: A cost analysis finds the customer's own savings
  Segment:          Free and Early
  Business goal:    Win new customers with a first result that they can act on
  Value impact:     Customers see after one run what they pay for without using it
  Strategic impact: Savings that customers can verify are why they pay for a plan

  @AEC-01 @segment.free @segment.early
  @needs.cloud_accounts
  Rule: A run shows its progress and ends with a computed answer

    @smoke
    Scenario: The savings equal those in the customer's own inventory
      Given Acme is a Free customer with servers in the cloud
      When Acme runs a cost analysis
      Then the answer equals the savings in Acme's own inventory

    @gate
    Scenario: A large account is analysed in full
      Given Acme is an Enterprise customer with two hundred servers in the cloud
      When Acme runs a cost analysis
      Then the answer equals the savings in Acme's own inventory

    @gate
    Scenario: Customers with different servers get different answers
      Given Acme is a Free customer with two idle servers in the cloud
      And Borealis is an Early customer with four idle servers in the cloud
      When every user runs a cost analysis at the same time
      Then each customer's answer equals the savings in their own inventory

    @gate
    Scenario: Every agent computes its answer from the customer's own data
      Given Acme is an Early customer with servers in the cloud
      And Acme has stored usage
      When Acme runs every agent
      Then each answer equals what the customer's own data gives

    @gate
    @needs.live_events
    Scenario: Every agent answers correctly for a large account that is watched
      Given Acme is an Enterprise customer with six hundred servers in the cloud
      And Acme has stored usage
      And Acme watches events
      When Acme runs every agent
      Then each answer equals what the customer's own data gives

    @gate
    @needs.live_events
    @needs.partner
    Scenario: Progress is shown while the run is still running
      Given Acme is an Early customer with servers in the cloud
      And Acme watches events
      When Acme starts a cost analysis that waits for the partner's price list
      Then Acme receives these events while the run is still running
        | event          |
        | agent started  |
        | agent thinking |
        | tool executing |
        | tool completed |

    @gate
    @needs.live_events
    Scenario: The answer can be read as soon as it is announced
      Given Acme is an Early customer with servers in the cloud
      And Acme watches events
      When Acme starts a cost analysis
      Then Acme reads the announced answer at the first attempt
      And the answer equals the savings in Acme's own inventory
