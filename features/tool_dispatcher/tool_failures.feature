@tool_dispatcher
Feature: An agent can continue after a tool fails
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep answering while one of the data sources is down
  Value impact:     Customers get every figure that can be computed, and know that some are missing
  Strategic impact: The product can add data sources without becoming as unreliable as the worst of them

  @TLD-05 @segment.early @segment.mid @segment.enterprise
  @needs.live_events
  Rule: A failing tool is reported, and the answer is marked as partial

    @gate
    @needs.partner
    Scenario Outline: A failing tool is reported, and the agent continues
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent that continues after <a failure>
      Then the next tool of Acme's agent succeeds
      And Acme can read that one tool call failed because <why>
      And the run completes with a partial answer

      Examples:
        | a failure                          | why                                                         |
        | a tool error                       | the tool could not do its work, and that a retry can help   |
        | a tool crash                       | the tool could not do its work, and that no retry will help |
        | a request that the partner rejects | the tool could not do its work, and that no retry will help |

      @needs.own_services
      Examples:
        | a failure                    | why                                                         |
        | a tool that ends its process | the tool could not do its work, and that no retry will help |

    @gate
    @needs.partner
    Scenario: An agent continues after many failed tool calls
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent that continues after ten tool errors
      Then the next tool of Acme's agent succeeds
      And the run completes with a partial answer

    @gate
    @needs.delegation @needs.partner
    Scenario: What a delegate leaves out makes the whole answer partial
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent whose delegate continues after a tool error
      Then the run completes with a partial answer

    @gate
    @needs.delegation @needs.cloud_accounts
    @needs.partner
    Scenario: A savings review without prices is partial and contains the usage
      Given Acme is an Enterprise customer with servers in the cloud and stored usage
      And Acme watches events
      When Acme runs a savings review without the partner's price list
      Then the run completes with a partial answer
      And the answer contains the totals of Acme's own usage

    @gate
    @needs.delegation @needs.cloud_accounts
    Scenario: A review with all its data is not marked as partial
      Given Acme is an Early customer with servers in the cloud and stored usage
      And Acme watches events
      When Acme runs a savings review
      Then the run completes with a full answer
